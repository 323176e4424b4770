"""What an evidence file, checked or written, says; see `messages.py`."""

TEXTS = {
    "something in it cannot be read: {why}": "有内容无法读取: {why}",
    "line {n} ({part}): {why}": "第 {n} 行 ({part}): {why}",
    "line {n}: {why}": "第 {n} 行: {why}",
    "record {n} should be here, this is {m}": "此处应为记录 {n}, 却是 {m}",
    "not a {format} file of version {n}": "不是第 {n} 版的 {format} 文件",
    "comes out otherwise": "重新算出的结果不同",
    "{id} comes out otherwise": "{id} 重新算出的结果不同",
    "{id} has no verdict": "{id} 没有判定",
    "there are {n} {part} lines: one is needed": "有 {n} 行 {part}: 应当只有一行",
    "a {fact} decides no verdict": "{fact} 不能决定判定",
    "something follows the end": "结束行之后还有内容",
    "counts {n} lines, there are {m}": "记为 {n} 行, 实有 {m} 行",
    "the end is missing": "缺少结束行",
    "the file was cut off": "文件被截断",
    "nothing is kept of {day}: the journal holds no record of it": "{day} 没有留存: 存储中没有当天的记录",
    "not UTF-8": "不是 UTF-8",
    "cut off": "被截断",
    "changed, or a line before it was taken out, put in or moved": "被改动, 或前面有行被删除、插入或移动",
    "{day} is not a day: write YYYY-MM-DD": "{day} 不是日期: 请写 年-月-日, 例如 2026-11-21",
    "{day} has not begun yet": "{day} 还没有开始",
}
