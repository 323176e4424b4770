"""What an aircraft carries the means for. The agent flies it there; what it carries is worked by a person."""

from typing import Literal, get_args

Ability = Literal["scout", "extinguish", "patrol", "carry", "survey"]
"""侦检, 灭火, 巡防, 搬运, 建模, as the plan of 2021 to 2025 counts them (专栏7)."""
ABILITIES: tuple[Ability, ...] = get_args(Ability)
