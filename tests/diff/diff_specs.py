"""The spec that the tests beside make other versions of."""

SPEC = """sw 1

block cell(width: int, stride: int = 1) {
    y = conv1: conv(relu(bn(x)), width, 3, stride=stride)
    return y + (if channels(x) == width and stride == 1 then x else shortcut: conv(x, width, 1, stride=stride))
}

arch net(depth: int, width: int = 8) {
    y = stem: conv(x, width, 3, bias=true)
    repeat depth as i {
        y = cells: cell(y, width * 2 ** i, stride=if i == 0 then 1 else 2)
    }
    y = hidden: linear(global_pool(relu(norm: bn(y))), width)
    return fc: linear(dropout(y, 0.1), classes)
}

family pair {
    input  image(3, 8, 8)
    output classes(5)
    budget 60% of members
    member big   = net(depth=3)
    member small = net(depth=2, width=4)
    share {
        clusters gradient(threshold=0.1, epochs=1)
        refine   gradient(threshold=0.9, after=1)
        private  *.stem
    }
    train { epochs 2  batch 8  sgd(lr=0.05, momentum=0.9)  cosine(warmup=1)  augment crop(1), flip }
}
"""
