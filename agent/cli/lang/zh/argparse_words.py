"""argparse's own words, by the English text it uses."""

TEXTS = {
    "usage: ": "用法: ",
    "positional arguments": "参数",
    "options": "选项",
    "show this help message and exit": "显示本帮助并退出",
    "argument %(argument_name)s: %(message)s": "参数 %(argument_name)s: %(message)s",
    "the following arguments are required: %s": "缺少参数: %s",
    "unrecognized arguments: %s": "不认识的参数: %s",
    "expected one argument": "后面要有一个值",
    "expected at least one argument": "后面至少要有一个值",
    "expected at most one argument": "后面至多有一个值",
    "expected %s argument": "后面要有 %s 个值",
    "expected %s arguments": "后面要有 %s 个值",
    "ignored explicit argument %r": "不接受值 %r",
    "not allowed with argument %s": "不能与 %s 同用",
    "one of the arguments %s is required": "必须给出其中之一: %s",
    "invalid choice: %(value)r (choose from %(choices)s)": "没有 %(value)r 这个选择 (可选: %(choices)s)",
    "invalid %(type)s value: %(value)r": "%(value)r 不是合适的值 (%(type)s)",
}
