"""What `hydronest uplink` says."""

TEXTS = {
    "every uplink: connected or why not, what waits, what was confirmed": "全部上行: 是否连接及原因、待传、已确认",
    "every bearer of an uplink that has several: in use, ready or down, and its bytes": (
        "有多个承载的上行: 每个承载使用中、可用或断开, 及其流量"
    ),
    "bearer": "承载",
    "carries": "承运",
    "MB so far": "已用 MB",
    "MB left": "剩余 MB",
    "everything": "全部",
    "events and the present": "事件与当前数据",
    "events only": "仅事件",
    "send nothing more for now; everything is kept": "暂停上传, 数据全部保留",
    "go on sending": "恢复上传",
    "send again what is still held; the platform drops repeats": "重发仍保留的数据, 平台会去除重复",
    "first sequence number to send": "起始序号",
    "do not ask": "不再询问",
    "uplink": "上行",
    "messages": "短报文",
    "waiting": "待传",
    "oldest": "最早",
    "confirmed": "已确认",
    "last": "上次确认",
    "under way": "在途",
    "refused": "拒收",
    "retried": "重试",
    "cut off": "断线次数",
    "why": "原因",
    "Send everything since {since} to {uplink} once more?": "把序号 {since} 起的数据向 {uplink} 再发一次?",
    "{records} records of {id} will be sent again": "{id} 将重发 {records} 条记录",
    "{id}: {state}, {backlog} waiting": "{id}: {state}, 待传 {backlog}",
}
