"""The page of the *pos*: a red button, the lamp beside it, the other devices, and the MQTT messages as they pass."""
