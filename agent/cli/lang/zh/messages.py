"""Sentences of the agent, each `{name}` standing for what changes. tests/cli/test_messages.py finds those missing."""

TEXTS = {
    # the aircraft's link
    "{link}: the aircraft is not connected": "{link}: 无人机未连接",
    "the aircraft links are closed": "无人机链路已关闭",
    "{what}: the link was lost under it; it may have been done all the same": "{what}: 执行中链路中断; 仍可能已执行",
    "no acknowledgement; it may have been done all the same": "没有确认; 仍可能已执行",
    "command {n}: no acknowledgement; it may have been done all the same": "命令 {n}: 没有确认; 仍可能已执行",
    "command {n}: result {why}": "命令 {n}: 结果 {why}",
    "the autopilot is busy": "飞控正忙",
    "neither ArduPilot nor PX4: this aircraft is not flown": "既非 ArduPilot 也非 PX4: 不放飞此无人机",
    "GF_ACTION is 0: the autopilot would not act on its fence; set it to 2 or 3": (
        "GF_ACTION 为 0: 飞控不会执行围栏; 请设为 2 或 3"
    ),
    "FENCE_ENABLE did not stay 1": "FENCE_ENABLE 未能保持为 1",
    # Modbus
    "{question}: no answer within {s} s": "{question}: {s} 秒内无应答",
    "no answer to {n} questions in a row": "连续 {n} 次询问无应答",
    "no answer to {question}": "无应答: {question}",
    "unit {unit}, function {function}, address {address}, count {n}": (
        "地址 {unit}, 功能码 {function}, 寄存器 {address}, 数量 {n}"
    ),
    "{question}: refused, exception {why}": "{question}: 被拒绝, 异常 {why}",
    "{question}: {line} went down": "{question}: 线路 {line} 已中断",
    "{place}: no connection within {s} s": "{place}: {s} 秒内连接不上",
    "{port}: the driver does not take {baud} baud, parity {parity}: {why}": (
        "{port}: 驱动不支持 {baud} 波特, 校验 {parity}: {why}"
    ),
    "{port}: no such port: is the adapter plugged in? 'ls /dev/serial/by-id' shows what is there": (
        "{port}: 没有这个串口: 适配器插好了吗? 用 ls /dev/serial/by-id 查看现有串口"
    ),
    "{port}: not allowed: add the user to the group 'dialout'": "{port}: 无权打开: 请把用户加入 dialout 组",
    "{port}: another program has it open ('fuser {path}' names it)": (
        "{port}: 被另一程序占用 (用 fuser {path} 查看是哪个)"
    ),
    '{port}: the driver has no RS-485 mode ({why}): set rs485 = "adapter"': (
        '{port}: 驱动不支持 RS-485 模式 ({why}): 请设 rs485 = "adapter"'
    ),
    "{port}: unplugged": "{port}: 已拔出",
    "{port}: does not take what we send": "{port}: 发不出数据",
    "exception {why} at {question}": "异常 {why}: {question}",
    "another device answers: {bytes} at {question}": "是另一台设备在应答: {bytes}, {question}",
    "no identity to read: {why}": "读不到设备标识: {why}",
    "other bytes around the answer": "应答前后夹有其他字节",
    "the answer could be a late one to an earlier question": "可能是对先前询问的迟到应答",
    "not an answer to {question}: {bytes}": "不是对询问的应答: {question}: {bytes}",
    'answers as unit {unit}: set unit_id_in_answer = "any" if that is its way': (
        '以地址 {unit} 应答: 若设备本就如此, 请设 unit_id_in_answer = "any"'
    ),
    "not Modbus TCP: header {bytes}": "不是 Modbus TCP: 报文头 {bytes}",
    "reopened after a timeout": "超时后重新打开",
    "nothing on the line answers": "线路上没有设备应答",
    # OPC UA
    "the name {host} is not known": "无法解析主机名 {host}",
    "the server refuses: {why}": "服务器拒绝: {why}",
    (
        "the server closed the connection while the secure channel was opened: "
        "it does not accept our certificate, or its own is not the pinned one"
    ): "建立安全通道时服务器断开: 它不接受本机证书, 或其证书不是已接受的那一份",
    "{why}; the server must be told to trust our certificate, {file}": "{why}; 须在服务器上信任本机证书 {file}",
    "the connection is closed": "连接已关闭",
    "the server offers no endpoint with {policy} and {mode}": "服务器没有 {policy} 加 {mode} 的端点",
    "the server refuses to read even one node a call": "服务器连一次读一个节点也拒绝",
    "the server refuses to monitor even one item a call": "服务器连一次监视一个节点也拒绝",
    "the server has no namespace {uri}; it has {names}": "服务器没有命名空间 {uri}; 现有 {names}",
    "'{text}' is not a node: write nsu=NAMESPACE-URI;s=NAME, ns=2;s=NAME or i=NUMBER": (
        "'{text}' 不是节点: 请写 nsu=命名空间;s=名称、ns=2;s=名称 或 i=编号"
    ),
    "the server answered another number of nodes than asked": "服务器应答的节点数与询问的不符",
    "the server answered another number of items than asked": "服务器应答的监视项数与请求的不符",
    "the server sent a notification nobody can read: {why}": "服务器的通知无法解读: {why}",
    "the server refuses every item: {why}": "服务器拒绝全部监视项: {why}",
    "the server ended the subscription: {why}": "服务器终止了订阅: {why}",
    "the server reports a handle nobody asked for": "服务器上报了未请求的句柄",
    "waiting for time: certificates cannot be judged before the clock is set": "等待对时: 时钟未设定前无法核验证书",
    # uplinks
    "connection lost": "连接中断",
    "no connection to the centre": "与监控中心没有连接",
    "the centre closed the connection": "监控中心断开了连接",
    "the connection broke: {why}": "连接断开: {why}",
    "{why}, {n} resends": "{why}, 已重发 {n} 次",
    "denied": "被否认",
    "{place}: TLS failed: {why}": "{place}: TLS 失败: {why}",
    "{place}: no connection in time": "{place}: 连接超时",
    "{place}: the broker's certificate does not hold: {why}": "{place}: 消息服务器的证书无效: {why}",
    "{place}: closed at once": "{place}: 连上即被断开",
    "{place}: connection lost": "{place}: 连接中断",
    "{place}: not connected": "{place}: 未连接",
    "{place}: gave up waiting": "{place}: 等待超时, 已放弃",
    "{place}: not let in": "{place}: 不准接入",
    "{place}: dropped, it had left a publish unanswered": "{place}: 有消息未获确认, 已断开",
    "{place}: closed by us": "{place}: 本机断开",
    "{place}: what came is not MQTT ({error}: {why})": "{place}: 收到的不是 MQTT ({error}: {why})",
    "{place}: no greeting within {s} s; is that an MQTT broker?": "{place}: {s} 秒内没有握手应答; 对方是 MQTT 服务器吗?",
    "{place}: no confirmation within {s} s": "{place}: {s} 秒内没有确认",
    "{place}: no answer to subscribing {topic}": "{place}: 订阅 {topic} 无应答",
    "{place}: every packet id is in use": "{place}: 报文编号已用尽",
    "password_file {file}: its first line is empty; it must be the password": "password_file {file}: 首行为空; 应为密码",
    "password_file {file}: {why}": "password_file 文件 {file}: {why}",
    'nobody is subscribed to {topic}; where the broker itself consumes, set unheard = "accept"': (
        '没有人订阅 {topic}; 如由消息服务器自身接收, 请设 unheard = "accept"'
    ),
    "the platform has not acknowledged seq {seq} in {s} s": "平台在 {s} 秒内没有确认序号 {seq}",
    "the platform refuses it: {why}": "平台拒收: {why}",
    "the centre denied it in {n} exchanges: {why}": "监控中心在 {n} 次交互中均否认: {why}",
    "the connection broke again and again while this record was on its way, and no other": (
        "每次只在发送这条记录时连接中断"
    ),
    "not an acknowledgement ({error}): {payload}": "不是确认报文 ({error}): {payload}",
    # questions over the control socket
    "there is no device {name}": "没有设备 {name}",
    "hydronest hydrant list shows them all.": "hydronest hydrant list 可列出全部。",
    "there is no nest {name}": "没有机巢 {name}",
    "there is no flight {name}": "没有飞行 {name}",
    "there is no format {name}": "没有格式 {name}",
    "there is no lane {name}": "没有类别 {name}",
    "Lanes: {names}.": "现有类别: {names}。",
    "there is no Modbus line {name}": "没有 Modbus 线路 {name}",
    "Modbus lines here: {names}.": "现有 Modbus 线路: {names}。",
    "there is no OPC UA line {name}": "没有 OPC UA 线路 {name}",
    "OPC UA lines here: {names}.": "现有 OPC UA 线路: {names}。",
    "the journal was damaged here and has been made anew": "存储此处已损坏, 现已重建",
    "Ask again.": "请再查询一次。",
    "the agent could not answer {name}; its log says why": "采集程序无法回答 {name}; 原因见其日志",
    "the clock is not to be trusted yet: nobody knows which readings belong to a day": (
        "时钟尚不可信: 无法确定读数属于哪一天"
    ),
    "there is no hydrant with a place: nothing can be covered": "没有带位置的消火栓: 无法计算覆盖",
    "{name}: write one of {names}": "{name}: 请写 {names} 之一",
    "period {text}: write a month 2026-11 or a day 2026-11-21": "时段 {text}: 请写月份 2026-11 或日期 2026-11-21",
    "there are no minutes of {day}; days with minutes: {names}": "没有 {day} 的分钟数据; 有数据的日期: {names}",
    "a question is a JSON object with a text under `ask`": "询问应为 JSON 对象, `ask` 为文本",
    "this agent does not know the ask {name}": "此采集程序不认识询问 {name}",
    "Ask to be put into the gateway's operator group.": "请申请加入网关的操作员组。",
    "Ask for less at a time.": "请一次少要一些。",
    "a question is one line of JSON: {why}": "询问应为一行 JSON: {why}",
    "{name} took longer than {s} s": "{name} 超过 {s} 秒",
    "a question has at most {n} bytes": "询问最多 {n} 字节",
    "line {name} is down: {why}": "线路 {name} 中断: {why}",
    "{line}: somebody is listening already": "{line}: 已有人在监听",
    "line {name} names no server_certificate_file": "线路 {name} 没有写 server_certificate_file",
    "Name one in the site file.": "请在站点文件中写明。",
    "the server now shows another certificate than the one accepted": "服务器现在出示的证书与已接受的不同",
    "Look again.": "请重新查看。",
    "Look at it and accept it: hydronest opcua trust": "请查看并接受: hydronest opcua trust",
    "{name}: a text is needed": "{name}: 需要文本",
    "{name}: a number from {low} to {high} is needed": "{name}: 需要 {low} 至 {high} 的数",
    "{name}: true or false is needed": "{name}: 需要 true 或 false",
    "{n} others are asking already; try again": "已有 {n} 个询问在进行; 请稍后再试",
    "incident: an object with incident, lat and lon is needed": "incident: 需要含 incident、lat 和 lon 的对象",
    "incident {id}": "警情 {id}",
    "{n} facts are waiting to be written already": "已有 {n} 条事实等待写入",
    "{file}: lines {names} could not be read and are left aside": "{file}: 第 {names} 行无法读取, 已略过",
    "what the last run remembered is left aside: {why}": "上次运行的记忆已略过: {why}",
    "cannot be written: {why}": "无法写入: {why}",
    # the journal, in events
    "the file's header is not a journal's": "文件头不是存储文件的",
    "the write-ahead log is damaged": "预写日志已损坏",
    "{n} {priority} rows did not match their checksums": "{n} 条{priority}记录校验不符",
    "{priority} rows between {first} and {last} are missing": "{priority}: {first} 与 {last} 之间缺少记录",
    "{priority} rows behind {seq} are missing": "{priority}: {seq} 之后缺少记录",
    "{priority} {seq} is where it cannot be found again": "{priority} {seq} 的位置无法再查到",
    "{journal}: another process has the journal open; only one agent may run": (
        "{journal}: 存储文件正被另一进程使用; 只能运行一个采集程序"
    ),
    "{journal}: this file system cannot hold a write-ahead log": "{journal}: 此文件系统不支持预写日志",
    "{journal}: {why}; the agent's user must own it and its folder": "{journal}: {why}; 文件及其目录须归采集程序的用户所有",
    "{journal}: the journal's schema could not be set up: {why}": "{journal}: 无法建立存储结构: {why}",
    "journal key {key}: {why}; make one: {command}": "存储密钥 {key}: {why}; 生成密钥: {command}",
    "journal key {key}: {n} bytes; wanted 32 raw bytes or 64 hex digits": (
        "存储密钥 {key}: {n} 字节; 应为 32 个原始字节或 64 个十六进制数字"
    ),
    "a journal key has {least} bytes, this one {n}": "存储密钥应为 {least} 字节, 现为 {n} 字节",
    "record {record} was not sealed with this key": "记录 {record} 不是用此密钥加密的",
    "a mark does not match its checksum: {value}": "账目标记校验不符: {value}",
    "table quarantine": "已隔离",
    "its columns have the wrong types": "各列类型不对",
    "its checksum does not match": "校验不符",
    "its body is of unknown kind {kind}": "内容类型未知: {kind}",
    "its body does not unpack: {why}": "内容无法解压: {why}",
    "record {record} is sealed; set the journal's key file to read it": "记录 {record} 已加密; 请给出存储密钥文件",
}
