"""What `hydronest clock` says."""

TEXTS = {
    "the time, who vouches for it, and what speaks against it": "当前时间、由谁担保、有何矛盾",
    "what was trusted was wrong: believe only what is vouched for now": "以前信任的时间有误: 只信现在有担保的时间",
    "do not ask": "不再询问",
    "Take the trust from every time noted so far?": "撤销对此前所有时间记录的信任?",
    "trusted, to {error} ms": "可信, 误差 {error} 毫秒以内",
    "not to be trusted yet": "尚不可信",
    "If the time now is right: hydronest clock revoke. If not, set the clock.": "若现在的时间正确: hydronest clock revoke。否则请校准时钟。",
    "latest time that was trusted: {time}": "曾经信任的最晚时间: {time}",
}
