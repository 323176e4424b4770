"""What `hydronest network` says."""

TEXTS = {
    "take in an EPANET file (.inp), and work out what every hydrant gives": "导入 EPANET 文件 (.inp), 并算出每个消火栓的供水量",
    "of the strip, where the file has metres: 117, 120": "文件坐标为米时所在投影带的中央子午线: 117, 120",
    "learn from what hydrants showed since, and work it out anew": "用消火栓此后的读数校准, 并重新计算",
    "what was taken in, what readings showed, what is doubted": "导入了什么, 读数表明什么, 有何疑问",
    "go by flow tests and uses again": "恢复仅按测流和用水记录计算",
    "reading": "读取中",
    "{tied} hydrants stand on {nodes} nodes; now what they give is worked out": "{tied} 个消火栓已对应到 {nodes} 个节点; 正在计算供水量",
    "working it out": "计算中",
    "{worked_out} of {tied} are worked out: ask `network work` again for the others": "{tied} 个中已算出 {worked_out} 个: 其余请再次运行 network work",
    "taken in, and not worked out yet": "已导入, 尚未计算",
    "forgotten": "已清除",
    "there was none": "没有管网",
    "{title}: {nodes} nodes, {links} pipes, pumps and valves": "{title}: {nodes} 个节点, {links} 条管道、水泵和阀门",
    "{tied} hydrants stand on it; {doubtful} doubts": "{tied} 个消火栓已对应; {doubtful} 处疑问",
    "probably closed, though drawn open: {pipes}": "图上开启而实际可能关闭: {pipes}",
    "{readings} readings; what they are off from the network, before and after it learned from them": "{readings} 个读数; 校准前后与管网的偏差",
    "hour": "时",
    "drawn L/s": "取水 L/s",
    "before kPa": "校准前 kPa",
    "after kPa": "校准后 kPa",
}
