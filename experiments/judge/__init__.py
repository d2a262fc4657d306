"""The paper's judge: a model that rates texts, and a check of its position bias."""
