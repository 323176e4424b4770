"""What the journal's file, looked at without the agent, says; see `messages.py`."""

TEXTS = {
    "{journal}: there is no journal here; name it with --file, or start the agent": "{journal}: 没有存储文件; 请用 --file 指定, 或启动采集程序",
    "{journal}: {why}; if an agent has it open, ask that agent (--socket)": "{journal}: {why}; 若采集程序正在使用它, 请经采集程序查询 (--socket)",
    "{journal}: {why}; the agent salvages it when it starts next": "{journal}: {why}; 采集程序下次启动时会修复",
    "{priority} {seq}: {why}": "{priority} {seq}: {why}",
    "{priority} {range}: {n} readings are missing": "{priority} {range}: 缺少 {n} 个读数",
    "{priority}: the account says {n} readings are held, {m} were found": "{priority}: 账目记有 {n} 个读数, 实际找到 {m} 个",
    "{folder} is not empty": "{folder} 不是空目录",
}
