"""What every command may say, the top page, and the summaries of the registry."""

TEXTS = {
    # the top page
    "hydronest COMMAND [options]: hydrants, nests and drones at a fire station": (
        "hydronest 命令 [选项]: 消防站的消火栓、机巢与无人机"
    ),
    "Look": "查看",
    "Run and set up": "运行与设置",
    "one screen: hydrants, lines, uplinks, journal, clock": "一屏概况: 消火栓、线路、上行、存储、时钟",
    "live table with pressure curves": "实时表格与压力曲线",
    "device profiles: list, check, import from Telegraf or Wiren Board": (
        "点表: 列出、检查、从 Telegraf 或 Wiren Board 导入"
    ),
    "look into an OPC UA server: trust, browse, read": "查看 OPC UA 服务器: 信任、浏览、读取",
    "list the hydrants and water points, show one": "列出消火栓和取水点, 查看其中一个",
    "what is kept: status, peek, verify, export, history": "存储: 状态、查看、检查、导出、历史曲线",
    "a fire centre's duty checks: list, answer": "监控中心查岗: 列出、应答",
    "uplinks to the platforms: status, pause, resume, replay": "到各平台的上行: 状态、暂停、恢复、重发",
    "run the agent in the foreground": "在前台运行采集程序",
    "check the settings: every mistake of every file at once": "检查设置: 一次列出所有文件的全部错误",
    "let the shell complete commands with TAB": "让命令行用 TAB 补全命令",
    "the site file": "站点设置文件",
    "a whole site with simulated hydrants; needs no hardware and no root": "整站模拟演示; 无需硬件和 root 权限",
    "Options, before or after the command:": "通用选项, 写在命令前后均可:",
    "JSON for scripts, one value or one object per line": "供脚本使用的 JSON, 每行一个值",
    "only these columns or JSON keys": "只要这些列或 JSON 键",
    "language; otherwise HYDRONEST_LANG, then the locale, then Chinese": (
        "语言; 否则依次看 HYDRONEST_LANG、系统区域, 默认中文"
    ),
    "every column, however narrow the terminal": "终端再窄也显示全部列",
    "no curves and no signs outside ASCII": "不用曲线和 ASCII 以外的符号",
    "no colours (NO_COLOR does the same)": "不用颜色 (同 NO_COLOR)",
    "the agent's control socket (or HYDRONEST_SOCKET)": "采集程序的控制套接字 (或 HYDRONEST_SOCKET)",
    "give up after S seconds; 10 otherwise": "S 秒无应答即放弃; 默认 10",
    "say more, say less": "多说 / 少说",
    "hydronest COMMAND --help explains one command; hydronest --version the version.": (
        "hydronest 命令 --help 说明单个命令; hydronest --version 显示版本。"
    ),
    "Options of every command: hydronest --help": "通用选项见: hydronest --help",
    "COMMAND [options]": "命令 [选项]",
    "commands:": "命令:",
    # mistakes in the command line
    "{option} needs a value": "{option} 后面要有值",
    "--timeout: {value} is not a number of seconds above 0": "--timeout: {value} 不是大于 0 的秒数",
    "--lang: {value} is not a language here; use zh or en": "--lang: 没有语言 {value}; 请用 zh 或 en",
    "there is no command {name}": "没有命令 {name}",
    "Did you mean {near}?": "是不是要用 {near}?",
    "Known here: {names}": "可用: {names}",
    "See: {command}": "参见: {command}",
    "--fields: there is no {field} here": "--fields: 没有 {field}",
    # the agent
    "the agent is not running: nothing answers at {path}": "采集程序没有运行: {path} 无应答",
    "Start it: sudo systemctl start hydronest (or try hydronest demo); or name another --socket.": (
        "启动: sudo systemctl start hydronest (或试用 hydronest demo); 或用 --socket 指定其他套接字。"
    ),
    "you may not talk to the agent at {path}": "无权访问 {path} 的采集程序",
    "Join the socket's group: sudo usermod -aG hydronest $USER, then log in again.": (
        "请加入套接字所属的组: sudo usermod -aG hydronest $USER, 然后重新登录。"
    ),
    "you may look but not operate": "只能查看, 无权操作",
    "the running agent is older than this command or lacks the part it needs": "运行中的采集程序版本较旧, 或没有所需的部分",
    "the agent is busy": "采集程序正忙",
    "the agent took too long": "采集程序处理超时",
    "the agent does not answer": "采集程序没有应答",
    "the agent hung up; it may be restarting": "采集程序断开了连接, 可能正在重启",
    "what answers at the socket is not a hydronest agent": "套接字另一端不是 hydronest 采集程序",
    # confirming
    "nothing was done: this asks first": "未执行: 此操作需要先确认",
    "Add --yes to say yes beforehand.": "加 --yes 表示事先同意。",
    "nothing was done": "未执行",
    # nests
    "nest": "机巢",
    "wind {wind:.1f} m/s": "风 {wind:.1f} m/s",
    "height {n:.0f} m": "高 {n:.0f} m",
    "battery {n:.0f}%": "电量 {n:.0f}%",
    # columns and values
    "id": "编号",
    "name": "名称",
    "kind": "类别",
    "line": "线路",
    "reading": "读数",
    "age": "时效",
    "state": "状态",
    "events": "事件",
    "point": "测点",
    "quality": "质量",
    "{time} left": "剩 {time}",
    "yes": "是",
    "no": "否",
    # mistakes of ours
    "this is a mistake in hydronest itself, not yours: {error}, at {place}": (
        "这是 hydronest 自身的错误, 不是您的: {error}, 位置 {place}"
    ),
    "Please report this line together with the command you typed.": "请把这一行和您输入的命令一起反馈给我们。",
    "frames of a capture as JSON, and back": "把抓到的报文解读成 JSON，或反过来",
    "Modbus lines: scan, sniff, read, write, stats": "Modbus 线路: 扫描、监听、读、写、计数",
    "a line of the site file, a serial port, or tcp://HOST:PORT": "站点文件中的线路、串口, 或 tcp://主机:端口",
    "the port's speed (9600)": "串口波特率 (9600)",
    "the port's parity (E)": "串口校验 (E)",
    "the device's address, 1 to 247": "设备地址, 1 到 247",
    "scanning": "扫描",
    "If the agent has the port, name the line by its id instead.": "如果串口正由采集程序使用, 请改写线路编号。",
    "only a serial port can be listened to without the agent": "采集程序未运行时只能监听串口",
    "{line}: write tcp://HOST:PORT": "{line}: 请写成 tcp://主机:端口",
    "there is no Modbus line {line} in {file}": "{file} 里没有 Modbus 线路 {line}",
    "the site file, where no agent runs": "站点文件, 代理未运行时使用",
    "{file} has mistakes": "{file} 有错误",
    "See them: {command}": "查看: {command}",
    # verdicts
    "the agent's state folder (or HYDRONEST_STATE)": "采集程序的数据目录 (或 HYDRONEST_STATE)",
    "the site file that names it": "写明该目录的站点文件",
    "{text} is not a place: write LON,LAT": "{text} 不是位置: 请写 经度,纬度",
    "{text} is not on earth: write LON,LAT, longitude first": "{text} 不在地球上: 请写 经度,纬度, 经度在前",
    "the agent does not run and has left no verdicts in {folder}": "采集程序没有运行, {folder} 里也没有留下判定",
    "Name its folder with --state, or its site file with --site.": "请用 --state 指定其目录, 或用 --site 指定站点文件。",
    "the agent does not answer, and {site} does not say where its state is": "采集程序没有应答, {site} 也没有写明数据目录",
    "nearest working hydrants, and what they give": "最近的完好消火栓及其流量",
    "how many are serviceable, and why not all": "完好率, 及不完好的原因",
    "what stands, what was raised and cleared": "当前和最近的事件",
    "ground within reach of working hydrants, gaps, a map": "完好消火栓的覆盖范围、缺口和地图",
    "incidents, permits, inspections, flow tests": "警情、取水许可、巡检、流量测试",
    "a day's verdicts with their proof, for anyone to check": "一天的判定及其证明, 任何人可核验",
    # orders and flights
    "drone nests: list, may it launch, clear after trouble": "无人机机巢: 列出、能否放飞、故障处理后解除",
    "aircraft: link, place, battery, hours": "无人机: 链路、位置、电量、飞行小时",
    "flights: list, show, export, verify, recall, stop": "飞行: 列出、查看、导出、校验、召回、悬停",
    "send a drone to an incident, or ask whether it would go": "向警情派出无人机, 或询问能否派出",
    "your private key; otherwise HYDRONEST_KEY": "本人私钥文件; 缺省取 HYDRONEST_KEY",
    "its id in the site file; the file's name else": "私钥在站点文件中的编号; 缺省取文件名",
    "an order needs a key": "下达指令需要私钥",
    "Name it with --key FILE, or set HYDRONEST_KEY.": "用 --key FILE 指定, 或设置 HYDRONEST_KEY。",
    "refused: {reason}": "已拒绝: {reason}",
}
