"""What `hydronest profile` says."""

TEXTS = {
    "the profiles shipped, and those of a folder": "列出自带的点表和某个文件夹里的点表",
    "a folder of profiles of your own": "自己的点表文件夹",
    "every mistake of a profile; how it is read and what that costs": "检查点表的全部错误, 以及怎样读取、占用多少线路",
    "a profile file, or the name of one that is shipped": "点表文件, 或自带点表的名字",
    "the line's speed (9600)": "线路波特率 (9600)",
    "the line's parity (E)": "线路校验 (E)",
    "make a profile of a Telegraf or Wiren Board file, or of a register table (CSV)": (
        "把 Telegraf 或 Wiren Board 文件, 或寄存器表 (CSV) 转成点表"
    ),
    "the file to read": "要读取的文件",
    "what the profile is called, such as hydrant/maker-model": "点表的名字, 例如 hydrant/maker-model",
    "which slave_id of a Telegraf file": "Telegraf 文件中的哪个 slave_id",
    "write there instead of to standard output": "写到这个文件, 而不是标准输出",
    "there is no folder {path}": "没有文件夹 {path}",
    "Name another.": "请另写一个。",
    "profile": "点表",
    "speaks": "协议",
    "points": "测点",
    "mistakes": "错误",
    "title": "说明",
    "--baud {n} is no line speed": "--baud {n} 不是波特率",
    "Write one such as 9600.": "请写 9600 之类的数。",
    "read": "读取",
    "class": "类别",
    "every s": "每秒数",
    "ms": "毫秒",
    "unused": "空读",
    "{profile} is good: {points} points in {reads} reads, {share} % of a line at {baud}: at most {most} of them fit": (
        "{profile} 正确: {points} 个测点, {reads} 次读取; 一台占 {baud} 线路的 {share} %, 最多可挂 {most} 台"
    ),
    "node": "节点",
    "{profile} is good: {points} points in {namespace}": "{profile} 正确: {namespace} 中的 {points} 个测点",
    "nothing of {file} could be carried over": "{file} 里没有能转换的内容",
    "not carried over: {what}": "未能转换: {what}",
    "{points} points; next: hydronest profile check, then try it on the device": (
        "{points} 个测点; 下一步: hydronest profile check, 然后在设备上试读"
    ),
    "Name another file.": "请换一个文件名。",
    "cannot write {path}: {reason}": "无法写入 {path}: {reason}",
    "read a device by a profile: raw words, all byte orders, value, quality": (
        "按点表试读设备: 原始字、全部字节序、数值、质量"
    ),
    "find out which registers a device answers for": "查出设备应答哪些寄存器",
    "addresses as on the wire (0-200)": "线上编号的地址 (0-200)",
    "unit {unit} gave nothing of this profile": "地址 {unit} 没有给出该点表的任何数据",
    "place": "位置",
    "order": "字节序",
    "--range: write for example 0-200": "--range: 请写成例如 0-200",
    "from": "起",
    "to": "止",
    "{profile} is not a Modbus profile": "{profile} 不是 Modbus 点表",
}
