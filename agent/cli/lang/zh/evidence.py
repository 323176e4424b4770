"""What `hydronest evidence` says."""

TEXTS = {
    "writing": "写入中",
    "write a day's evidence from the journal": "从数据库导出一天的判定证据",
    "a local day; today's goes up to now": "当地日期; 当天的截至现在",
    "copy it here as well": "另存一份到这里",
    "is the file unchanged, and does the rate follow from it": "检查文件未被改动, 完好率能由它重新算出",
    "the seal noted when it was written": "导出时记下的封印",
    "file": "文件",
    "seal": "封印",
    "records": "记录",
    "{records}, {missing} missing": "{records} 条, 缺 {missing} 条",
    "Note the seal down elsewhere: it tells this file from any other.": "请另行记下封印: 凭它区别于任何其他文件。",
    "{file} is not right: {why}": "{file} 不对: {why}",
    "{file} is whole, but another file: its seal is {seal}": "{file} 完整, 但不是那个文件: 其封印为 {seal}",
    "whole and right": "完整无误",
    "rules": "规则",
    "strict rate": "完好率",
    "of known": "已知中的完好率",
    "the controls asked for by 等保 2.0 and IEC 62443, and what holds each": "等保 2.0 与 IEC 62443 的控制项及其依据",
    "dengbao otherwise": "缺省 dengbao",
}
