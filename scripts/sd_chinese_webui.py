"""The WebUI runs this file at start-up and at every "Reload UI"; everything else is in the package."""

from sd_chinese import webui

# The host registers every script class that it finds among this file's names.
ChineseScript = webui.start()
