#!/usr/bin/env bash
# ffprobe 5.1 (Debian 12) reads an MP4 of H.264 and AAC with -select_streams v:0 and
# -codec_whitelist h264.
# Expected: the whitelist applies to the selected stream, so ffprobe lists the video packets.
# Observed: ffprobe refuses the audio decoder, lists no packets and exits with status 1. With
# -codec_whitelist:v it lists them, unless the file has a PNG cover, which is a video stream too.
set -euo pipefail
version=$(ffprobe -version | sed -n 's/^ffprobe version \([0-9]*\.[0-9]*\).*/\1/p')
[ "$version" = 5.1 ] || { echo "ffprobe $version, not 5.1 (apt-get install ffmpeg on Debian 12)"; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
ffmpeg -v error -f lavfi -i testsrc=s=64x64:r=10:d=1 -f lavfi -i sine=d=1 -c:v libx264 -c:a aac plain.mp4
ffmpeg -v error -f lavfi -i color=red:s=32x32 -frames:v 1 cover.png
ffmpeg -v error -i plain.mp4 -i cover.png -map 0:v -map 1 -c copy -disposition:v:1 attached_pic cover.mp4

packets() { # option, file: prints the number of listed packets and the exit status
  local status=0
  ffprobe -v quiet "$1" h264 -select_streams v:0 -show_entries packet=pts -of csv=p=0 "$2" >out || status=$?
  echo "$(grep -c . out || true) packets, status $status"
}
a=$(packets -codec_whitelist plain.mp4)
b=$(packets -codec_whitelist:v plain.mp4)
c=$(packets -codec_whitelist:v cover.mp4)
printf 'expected: 10 packets, status 0, three times\nobserved: %s\n          with :v, %s\n          with :v and a cover, %s\n' "$a" "$b" "$c"
[ "$a" = "0 packets, status 1" ] && [ "$b" = "10 packets, status 0" ] && [ "$c" = "0 packets, status 1" ]
