"""What `hydronest wire` says."""

TEXTS = {
    "what frames say, one JSON object a line": "解读报文, 每帧一行 JSON",
    "the frames that JSON describes, one line of hex each": "把 JSON 编成报文, 每帧一行十六进制",
    "hex digits, or - for one frame a line": "十六进制报文; - 表示从标准输入逐行读取",
    "JSON, or - for one a line": "JSON; - 表示从标准输入逐行读取",
    "how the centre departs from the standard": "监控中心与标准不同的方言名",
    "frame {number}: no JSON: {wrong}": "第 {number} 帧: 不是 JSON: {wrong}",
    "Give it in single quotes, or one object a line on standard input with -.": "用单引号括起来, 或用 - 从标准输入逐行给出。",
    "frame {number}: {wrong}": "第 {number} 帧: {wrong}",
    "hydronest wire decode shows what a frame's JSON looks like.": "hydronest wire decode 会显示报文的 JSON 写法。",
    "there is no dialect {name}": "没有名为 {name} 的方言",
    "beidou: the gateway's site message or site file, which say what its numbers name": "beidou: 网关的 site 消息或站点文件, 其中有编号对应的名称",
    "message {number}: no digest of a gateway, or not as it was sent": "第 {number} 条: 不是网关的摘要报文, 或与发出时不一致",
}
