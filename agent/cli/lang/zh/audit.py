"""What `hydronest audit` says."""

TEXTS = {
    "the newest acts, the last one at the end": "最近的操作, 最新的在最后",
    "so many; 30 otherwise": "条数; 默认 30",
    "is the chain as it was written": "审计链是否与写入时一致",
    "a copy of it; the agent's own otherwise": "副本所在目录; 默认为本机的审计日志",
    "a head that was sent upwards: is it in the chain": "曾上送的链首: 是否仍在链中",
    "--last takes 1 to 1000": "--last 取 1 至 1000",
    "number": "序号",
    "time": "时间",
    "by": "操作人",
    "what": "操作",
    "outcome": "结果",
    "with": "参数",
    "why": "原因",
    "nobody has done anything yet": "尚无任何操作",
    "no line has the hash {head}: what was sent upwards was rewritten": "没有哪一行的哈希为 {head}: 上送之后的记录被改写",
    "there is no line": "没有任何记录",
    "{folder} is not right:": "{folder} 有问题:",
    "whole and right": "完整无误",
    "lines": "行",
    "head": "链首",
}
