#!/usr/bin/env python3
"""Usage: scripts/vendors.py OUI_CSV > src/domain/inventory/vendors.txt

Makes the list of hardware vendors that is built into the program from the public list of the
IEEE: `oui.csv`, as its registration authority publishes it and Debian's package ieee-data has it.
Kept are the facts of common vendors only: who holds at least three blocks, and who is met in
homelabs. One line for each vendor: its name without the legal form, then its blocks."""

import csv
import re
import sys

FEWEST = 3
# Holders of one or two blocks that a homelab is likely to meet; each a start of their name.
MET = """Proxmox|Synology|QNAP|Allterco|Shelly|Nabu Casa|Philips Lighting|Signify|Supermicro|Super Micro|VMware
PCS Systemtechnik|Xensource|Brother|Reolink|Nest Labs|ecobee|Hubitat|iRobot|Netatmo|Withings|Victron|American Power
Fronius|SMA Solar|SMA Regel|Pine64|Hardkernel|GL Tech|GL.iNet|Protectli|CZ.NIC|PC Engines|Cubietech|Axis Comm|Mobotix|Logitech
Lutron|IKEA|Lumi United|tado|Elgato|Raspberry|BeagleBoard|Western Digital|Drobo|TerraMaster|Asustor|iXsystems|Netgate
Deciso|Ubiquiti|MikroTik|Routerboard|Peplink|DrayTek|LANCOM|Grandstream|snom|Gigaset|Yealink|Kyocera|Ricoh|OKI|Konica
Bosch|Miele|Loxone|Homematic|eQ-3|ABB|Wago|Beckhoff|Phoenix Contact|Siemens|Enphase|SolarEdge|Tesla|Wallbox|go-e|Keba
Pulse-Eight|Denon|Marantz|Yamaha|Onkyo|Pioneer|Bang & Olufsen|Teufel|Bluesound|Libratone|Naim|Nanoleaf|LIFX|Yeelight|Twinkly
Wemo|Chromecast|Plex|Silicondust|Hauppauge|Dyson|Rachio|Sense Labs|Emporia|Aeotec|Fibaro|Somfy|Velux|Hikvision|Amcrest|Foscam
Intel|ASRock|Micro-Star|Minisforum|Beelink|Azulle|Zotac|Shuttle|Fujitsu|Lenovo|Framework|Valve|Oculus|Nintendo"""
LEGAL = re.compile(
    r"[\s,.]*\b(co|company|corp|corporation|corporate|incorporated|inc|int'?l|ltd|limited|llc|llp|gmbh|kg|mbh|ag|ab|as|a/s|oy|oyj|bv|nv|"
    r"s\.?a\.?s?|s\.?r\.?l|s\.?p\.?a|plc|pte|pty|sdn|bhd|ulc|d\.o\.o|lda|ltda|sp\. z o\.?o|kk|k\.k|oü|uab|aps|broadband sas)\b[\s.,]*$",
    re.IGNORECASE,
)
NOBODY = {"Private", "IEEE Registration Authority"}


def tidy(name):
    name = re.sub(r"[\s\u00a0]+", " ", name.replace("，", ",").replace("）", ")").replace("（", "(")).strip()
    name = re.sub(r"\(.*?\)", " ", name)
    while True:
        shorter = LEGAL.sub("", name.strip(" ,.&"))
        if shorter == name or not shorter:
            break
        name = shorter
    words = [word.capitalize() if word.isupper() and len(word) > 4 else word for word in name.split()]
    return " ".join(words).strip(" ,.&")[:40].strip()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    blocks = {}
    with open(sys.argv[1], encoding="utf-8", newline="") as table:
        for registry, block, name, *_ in csv.reader(table):
            if registry == "MA-L" and name not in NOBODY:
                blocks.setdefault(tidy(name), set()).add(block.upper())
    merged = {}
    for name, own in blocks.items():
        merged.setdefault(name.casefold(), []).append((len(own), name, own))
    met = tuple(start.strip().casefold() for start in MET.replace("\n", "|").split("|"))
    for key, spellings in sorted(merged.items()):
        own = set().union(*(spelling[2] for spelling in spellings))
        if key and (len(own) >= FEWEST or key.startswith(met)):
            print(f"{max(spellings)[1]}\t{' '.join(sorted(own))}")


main()
