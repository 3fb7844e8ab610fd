#!/usr/bin/env bash
# FFmpeg 5.1 (Debian 12): the bitstream filter setts with dts alone, over H.264 with B-frames. Guess:
# -bsf:v setts=dts=N sets decoding times and leaves presentation times. Seen: every packet's presentation
# time becomes its old decoding time, so the frames' order of display is lost, unless pts=PTS is said too.
set -euo pipefail
version=$(ffmpeg -version | sed -n 's/^ffmpeg version \([0-9]*\.[0-9]*\).*/\1/p')
[ "$version" = 5.1 ] || { echo "ffmpeg $version, not 5.1 (apt-get install ffmpeg on Debian 12)"; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
ffmpeg -v error -f lavfi -i testsrc=s=64x64:r=10:d=1 -c:v libx264 -bf 2 -pix_fmt yuv420p in.mp4

times() { # packets' presentation times in order of the file, with this filter
  ffmpeg -v error -i in.mp4 -map 0:v -c copy ${1:+-bsf:v "$1"} -f framecrc - | awk -F', *' '!/^#/ {printf "%s ", $3}'
}
plain=$(times "")
dts=$(times setts=dts=N)
both=$(times setts=dts=N:pts=PTS)
printf 'as stored:  %s\ndts=N:      %s\nand pts=PTS %s\n' "$plain" "$dts" "$both"
[ "$both" = "$plain" ] && [ "$dts" != "$plain" ]
