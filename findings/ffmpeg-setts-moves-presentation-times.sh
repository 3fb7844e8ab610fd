#!/usr/bin/env bash
# FFmpeg 5.1 (Debian 12) applies the bitstream filter setts with dts alone to H.264 with B-frames.
# Expected: -bsf:v setts=dts=N sets decoding times and leaves presentation times as they are.
# Observed: each packet's presentation time becomes its old decoding time, so the display order is
# lost. With pts=PTS added, presentation times stay.
set -euo pipefail
version=$(ffmpeg -version | sed -n 's/^ffmpeg version \([0-9]*\.[0-9]*\).*/\1/p')
[ "$version" = 5.1 ] || { echo "ffmpeg $version, not 5.1 (apt-get install ffmpeg on Debian 12)"; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
ffmpeg -v error -f lavfi -i testsrc=s=64x64:r=10:d=1 -c:v libx264 -bf 2 -pix_fmt yuv420p in.mp4

times() { # prints the packets' presentation times in file order, with the given filter
  ffmpeg -v error -i in.mp4 -map 0:v -c copy ${1:+-bsf:v "$1"} -f framecrc - | awk -F', *' '!/^#/ {printf "%s ", $3}'
}
plain=$(times "")
dts=$(times setts=dts=N)
both=$(times setts=dts=N:pts=PTS)
printf 'as stored:  %s\ndts=N:      %s\nand pts=PTS %s\n' "$plain" "$dts" "$both"
[ "$both" = "$plain" ] && [ "$dts" != "$plain" ]
