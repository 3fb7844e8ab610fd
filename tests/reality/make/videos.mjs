// Videos as phones, cameras, browsers, screen recorders and converters make them.

import { recipes } from "./recipe.mjs";

const { by, list } = recipes("videos");

const x264 = "-c:v libx264 -pix_fmt yuv420p -preset veryfast";

by("FFmpeg", "ffmpeg", "ffmpeg -version", {
  "mp4-h264-aac.mp4": `$ff $v $a ${x264} -c:a aac $o`,
  "mp4-h264-silent.mp4": `$ff $v ${x264} $o`,
  "mp4-sound-first.mp4": `$ff $v $a -map 1 -map 0 ${x264} -c:a aac $o`,
  "mp4-faststart-mp3.mp4": `$ff $v $a ${x264} -c:a libmp3lame -movflags faststart $o`,
  "mp4-fragmented.mp4": `$ff $v $a ${x264} -g 12 -c:a aac -movflags frag_keyframe+empty_moov $o`,
  "mp4-hevc-aac.mp4": "$ff $v $a -c:v libx265 -x265-params log-level=none -tag:v hvc1 -c:a aac $o",
  "mp4-hevc-10bit.mp4": "$ff $v -c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le $o",
  "mp4-av1-opus.mp4": "$ff $v1 $a1 -c:v libaom-av1 -cpu-used 8 -c:a libopus $o",
  "mp4-vp9-opus.mp4": "$ff $v1 $a1 -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus $o",
  "mp4-mpeg4-ac3.mp4": "$ff $v $a -c:v mpeg4 -q:v 5 -c:a ac3 $o",
  "mp4-h264-444.mp4": "$ff $v1 -c:v libx264 -pix_fmt yuv444p $o",
  "mp4-h264-high10.mp4": "$ff $v1 -c:v libx264 -pix_fmt yuv420p10le $o",
  "mp4-b-frames.mp4": "$ff $v -c:v libx264 -pix_fmt yuv420p -bf 3 -b_strategy 0 $o",
  "mp4-interlaced.mp4": `$ff $v ${x264} -flags +ilme+ildct -x264opts tff=1 $o`,
  "mp4-60fps.mp4": "$ff -f lavfi -i testsrc=s=128x96:r=60:d=2 -c:v libx264 -pix_fmt yuv420p $o",
  "mp4-23976.mp4":
    "$ff -f lavfi -i testsrc=s=64x48:r=24000/1001:d=8 -c:v libx264 -pix_fmt yuv420p $o",
  "mp4-2997-aac.mp4": `$ff -f lavfi -i testsrc=s=64x48:r=30000/1001:d=6 $a ${x264} -c:a aac $o`,
  "mp4-1fps.mp4": "$ff -f lavfi -i testsrc=s=64x48:r=1:d=12 -c:v libx264 -pix_fmt yuv420p $o",
  "mp4-240fps.mp4": "$ff -f lavfi -i testsrc=s=64x48:r=240:d=1 -c:v libx264 -pix_fmt yuv420p $o",
  "mp4-variable-rate.mp4": [
    "$ff -f lavfi -i testsrc=s=64x48:r=10:d=4 -vf",
    "setpts='if(lt(N\\,20)\\,N\\,20+(N-20)*3)/10/TB' -fps_mode vfr -c:v libx264",
    "-pix_fmt yuv420p $o",
  ],
  "mp4-rotated-90.mp4": [
    `$ff $v $a ${x264} -c:a aac t.mp4; $ff -display_rotation 90 -i t.mp4 -c copy $o`,
    "|| $ff -i t.mp4 -c copy -metadata:s:v rotate=90 $o",
  ],
  "mp4-rotated-180.mp4": `$ff $v ${x264} t.mp4; $ff -i t.mp4 -c copy -metadata:s:v rotate=180 $o`,
  "mp4-rotated-270.mp4": [
    `$ff $v $a ${x264} -c:a aac t.mp4; $ff -i t.mp4 -c copy -metadata:s:v rotate=270`,
    "$o",
  ],
  "mp4-edit-list.mp4": `$ff $v $a ${x264} -g 25 -c:a aac t.mp4; $ff -ss 0.5 -i t.mp4 -c copy $o`,
  "mp4-late-start.mp4": [
    `$ff $v ${x264} t.mp4; $ff -itsoffset 3 -i t.mp4 $a -map 0 -map 1 -c:v copy -c:a`,
    "aac $o",
  ],
  "mp4-cover.mp4": [
    "convert $photo c.jpg; $ff $v $a -i c.jpg -map 0 -map 1 -map 2 -c:v:0 libx264",
    "-pix_fmt yuv420p -c:v:1 copy -disposition:v:1 attached_pic -c:a aac $o",
  ],
  "mp4-cover-png-first.mp4": [
    "$ff $v $a -i $photo -map 2 -map 0 -map 1 -c:v:1 libx264 -pix_fmt:v:1 yuv420p",
    "-c:v:0 copy -disposition:v:0 attached_pic -c:a aac $o",
  ],
  "mp4-subtitles.mp4": `$ff $v $a -i $subs ${x264} -c:a aac -c:s mov_text $o`,
  "mp4-chapters.mp4": `$ff $v $a -i $chapters -map_metadata 2 ${x264} -c:a aac $o`,
  "mp4-two-pictures-second-default.mp4": [
    "$ff $v -f lavfi -i testsrc2=s=64x64:r=10:d=2 $a -map 0:v -map 1:v -map 2:a",
    `${x264} -c:a aac -disposition:v:0 0 -disposition:v:1 default $o`,
  ],
  "mp4-two-sounds.mp4": `$ff $v $a $a -map 0 -map 1 -map 2 ${x264} -c:a aac $o`,
  "mp4-timecode.mp4": `$ff $v $a ${x264} -c:a aac -timecode 01:00:00:00 $o`,
  "mp4-anamorphic.mp4": `$ff $v ${x264} -aspect 16:9 $o`,
  "mp4-odd-size.mp4": "$ff -f lavfi -i testsrc=s=97x71:r=10:d=1 -c:v libx264 -pix_fmt yuv444p $o",
  "mp4-alac.mp4": `$ff $v $a ${x264} -c:a alac $o`,
  "mp4-one-frame.mp4": `$ff $v -frames:v 1 ${x264} $o`,
  "m4v-itunes.m4v": `$ff $v $a ${x264} -c:a aac -f ipod $o`,
  "mov-h264-pcm.mov": `$ff $v $a1 ${x264} -c:a pcm_s16le $o`,
  "mov-mjpeg.mov": "$ff $v1 $a1 -c:v mjpeg -q:v 12 -c:a pcm_s16le -ar 8000 $o",
  "mov-prores.mov": "$ff -f lavfi -i testsrc=s=64x48:r=5:d=1 -c:v prores_ks -profile:v 0 $o",
  "mov-qtrle.mov": "$ff -f lavfi -i testsrc=s=64x48:r=5:d=1 -c:v qtrle $o",
  "mov-png.mov": "$ff -f lavfi -i testsrc=s=64x48:r=5:d=1 -c:v png $o",
  "mov-dnxhr.mov":
    "$ff -f lavfi -i testsrc=s=256x128:r=5:d=1 -c:v dnxhd -profile:v dnxhr_lb -pix_fmt yuv422p $o",
  "3gp-h263-amr.3gp":
    "$ff -f lavfi -i testsrc=s=128x96:r=15:d=2 $a -c:v h263 -b:v 60k -c:a aac -ar 8000 $o",
  "3g2-mpeg4.3g2": "$ff -f lavfi -i testsrc=s=128x96:r=15:d=2 $a -c:v mpeg4 -q:v 8 -c:a aac $o",
  "mkv-h264-flac.mkv": `$ff $v $a1 ${x264} -c:a flac $o`,
  "mkv-hevc-opus-subs.mkv":
    "$ff $v $a -i $subs -c:v libx265 -x265-params log-level=none -c:a libopus -c:s srt $o",
  "mkv-h264-ass-subs.mkv": `$ff $v -i $subs ${x264} -c:s ass $o`,
  "mkv-chapters.mkv": `$ff $v $a -i $chapters -map_metadata 2 ${x264} -c:a libvorbis $o`,
  "mkv-attached-font.mkv": [
    `$ff $v $a ${x264} -c:a aac -attach $subs -metadata:s:t mimetype=text/plain $o`,
  ],
  "mkv-attached-cover.mkv": [
    `convert $photo cover.jpg; $ff $v $a ${x264} -c:a aac -attach cover.jpg`,
    "-metadata:s:t mimetype=image/jpeg -metadata:s:t filename=cover.jpg $o",
  ],
  "mkv-vp8-vorbis.mkv":
    "$ff $v1 $a1 -c:v libvpx -deadline realtime -cpu-used 8 -b:v 100k -c:a libvorbis $o",
  "mkv-ffv1.mkv": "$ff -f lavfi -i testsrc=s=64x48:r=5:d=1 -c:v ffv1 $o",
  "mkv-mpeg2-ac3.mkv": "$ff $v $a -c:v mpeg2video -q:v 8 -c:a ac3 $o",
  "mkv-mjpeg-pcm.mkv": "$ff $v1 $a1 -c:v mjpeg -q:v 12 -c:a pcm_s16le -ar 8000 $o",
  "mkv-theora.mkv": "$ff $v1 -c:v libtheora -q:v 3 $o",
  "mkv-dts.mkv": `$ff $v1 -f lavfi -i sine=d=1:r=48000 ${x264} -c:a dca -strict -2 -b:a 200k $o`,
  "webm-vp8-vorbis.webm":
    "$ff $v1 $a1 -c:v libvpx -deadline realtime -cpu-used 8 -b:v 100k -c:a libvorbis $o",
  "webm-vp9-opus.webm":
    "$ff $v1 $a1 -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 60k -c:a libopus $o",
  "webm-av1.webm": "$ff $v1 -c:v libaom-av1 -cpu-used 8 -b:v 60k $o",
  "webm-vp9-alpha.webm": [
    "$ff -f lavfi -i testsrc=s=64x48:r=10:d=1 -vf",
    "format=yuva420p,colorchannelmixer=aa=0.5 -c:v libvpx-vp9 -b:v 60k $o",
  ],
  "webm-webvtt.webm":
    "$ff $v1 -i $subs -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 60k -c:s webvtt $o",
  "avi-mpeg4-mp3.avi": "$ff $v $a -c:v mpeg4 -vtag xvid -q:v 8 -c:a libmp3lame $o",
  "avi-msmpeg4.avi": "$ff $v $a -c:v msmpeg4 -q:v 8 -c:a libmp3lame $o",
  "avi-mjpeg-pcm.avi": "$ff $v1 $a1 -c:v mjpeg -q:v 12 -c:a pcm_u8 -ar 8000 $o",
  "avi-h264-b-frames.avi": "$ff $v -c:v libx264 -pix_fmt yuv420p -bf 2 $o",
  "avi-raw.avi": "$ff -f lavfi -i testsrc=s=48x32:r=5:d=1 -c:v rawvideo -pix_fmt bgr24 $o",
  "avi-huffyuv.avi": "$ff -f lavfi -i testsrc=s=64x48:r=5:d=1 -c:v huffyuv -pix_fmt yuv422p $o",
  "avi-cinepak.avi": "$ff -f lavfi -i testsrc=s=64x48:r=5:d=1 -c:v cinepak $o",
  "flv-h264-aac.flv": `$ff $v $a ${x264} -c:a aac $o`,
  "flv-sorenson-mp3.flv": "$ff $v $a -c:v flv1 -q:v 8 -c:a libmp3lame -ar 22050 $o",
  "ts-h264-aac.mpegts": `$ff $v $a ${x264} -c:a aac -f mpegts $o`,
  "ts-hevc.mpegts": "$ff $v1 -c:v libx265 -x265-params log-level=none -f mpegts $o",
  "ts-mpeg2-mp2.mpegts": "$ff $v1 $a1 -c:v mpeg2video -q:v 8 -c:a mp2 -f mpegts $o",
  "m2ts-h264-ac3.m2ts": `$ff $v1 $a1 ${x264} -c:a ac3 $o`,
  "mpg-mpeg1-mp2.mpg": "$ff $v $a -c:v mpeg1video -q:v 8 -c:a mp2 $o",
  "vob-mpeg2-ac3.vob": "$ff $v1 $a1 -c:v mpeg2video -q:v 8 -c:a ac3 -f vob $o",
  "wmv-wmv2.wmv": "$ff $v $a -c:v wmv2 -q:v 8 -c:a wmav2 $o",
  "asf-mpeg4.asf": "$ff $v $a -c:v msmpeg4 -q:v 8 -c:a libmp3lame $o",
  "ogv-theora-vorbis.ogv": "$ff $v $a -c:v libtheora -q:v 3 -c:a libvorbis $o",
  "mxf-mpeg2.mxf": "$ff -f lavfi -i testsrc=s=720x576:r=25:d=0.2 -c:v mpeg2video -q:v 8 $o",
  "nut-mpeg4.nut": "$ff $v1 $a1 -c:v mpeg4 -q:v 8 -c:a mp2 $o",
  "gif-animated.gif": "$ff -f lavfi -i testsrc=s=64x48:r=10:d=2 $o",
  "gif-slow.gif": "$ff -f lavfi -i testsrc=s=64x48:r=2:d=4 $o",
  "apng-animated.apng": "$ff -f lavfi -i testsrc=s=64x48:r=5:d=1 -plays 0 $o",
  "raw-h264.h264": "$ff $v1 -c:v libx264 -pix_fmt yuv420p $o",
  "yuv4mpeg.y4m": "$ff -f lavfi -i testsrc=s=48x32:r=5:d=1 -pix_fmt yuv420p $o",
  "swf.swf": "$ff $v1 -c:v flv1 -q:v 8 $o",
  "ivf-vp9.ivf": "$ff $v1 -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 60k $o",
  "m4a-only-sound.m4a": "$ff $a1 -c:a aac $o",
  "mp4-only-sound.mp4": "$ff $a1 -c:a aac $o",
  "m4a-sound-with-cover.m4a": [
    "convert $photo c.jpg; $ff $a1 -i c.jpg -map 0 -map 1 -c:a aac -c:v copy",
    "-disposition:v attached_pic $o",
  ],
  "mkv-only-sound.mka": "$ff $a1 -c:a libopus -f matroska $o",
  "webm-only-sound.webm": "$ff $a1 -c:a libopus $o",
  "mp3-only-sound.mp3": "$ff $a1 -c:a libmp3lame $o",
  "wav-only-sound.wav": "$ff $a1 -ar 8000 $o",
  "ogg-only-sound.ogg": "$ff $a1 -c:a libvorbis $o",
  "flac-only-sound.flac": "$ff $a1 $o",
});

by("x11grab screen recording", "ffmpeg xvfb", "ffmpeg -version", {
  "screen-h264.mp4": "screen $o -c:v libx264 -pix_fmt yuv420p",
  "screen-vp8.webm": "screen $o -c:v libvpx -deadline realtime -b:v 200k",
});

by("MediaRecorder", "chromium", "chromium --version 2>/dev/null", {
  "recorder-vp8.webm": "node $browser record $o 'video/webm;codecs=vp8'",
  "recorder-vp9-opus.webm": "node $browser record $o 'video/webm;codecs=vp9,opus'",
  "recorder-h264.mp4": "node $browser record $o 'video/mp4;codecs=avc1'",
});

by("mkvmerge", "mkvtoolnix", "mkvmerge --version", {
  "mkvmerge.mkv": `$ff $v $a ${x264} -c:a aac t.mp4; mkvmerge -q -o $o t.mp4`,
  "mkvmerge-subtitles-cover.mkv": [
    `$ff $v $a ${x264} -c:a aac t.mp4; cp $photo cover.png; mkvmerge -q -o $o t.mp4`,
    "$subs --attach-file cover.png",
  ],
  "mkvmerge-no-default.mkv": [
    `$ff $v $a ${x264} -c:a aac t.mp4; mkvmerge -q --default-track-flag 0:no -o $o`,
    "t.mp4",
  ],
});

by(
  "GStreamer",
  "gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly",
  "gst-launch-1.0 --version",
  {
    "gst.avi": [
      "gst-launch-1.0 -q videotestsrc num-buffers=20 !",
      "video/x-raw,width=64,height=48,framerate=10/1 ! jpegenc quality=40 ! avimux !",
      "filesink location=$o",
    ],
    "gst.webm": [
      "gst-launch-1.0 -q videotestsrc num-buffers=20 !",
      "video/x-raw,width=64,height=48,framerate=10/1 ! vp8enc deadline=1",
      "target-bitrate=50000 ! webmmux ! filesink location=$o",
    ],
    "gst.mkv": [
      "gst-launch-1.0 -q videotestsrc num-buffers=20 !",
      "video/x-raw,width=64,height=48,framerate=10/1 ! jpegenc quality=40 ! matroskamux",
      "! filesink location=$o",
    ],
    "gst.mov": [
      "gst-launch-1.0 -q videotestsrc num-buffers=20 !",
      "video/x-raw,width=64,height=48,framerate=10/1 ! jpegenc quality=40 ! qtmux !",
      "filesink location=$o",
    ],
  },
);

by("MEncoder", "mencoder", "mencoder -V 2>/dev/null", {
  "mencoder.avi": [
    `$ff $v ${x264} t.mp4; mencoder -really-quiet t.mp4 -nosound -ovc lavc -lavcopts`,
    "vcodec=mpeg4:vbitrate=100 -o $o >/dev/null 2>&1",
  ],
});

by("MJPEGtools", "mjpegtools", "mpeg2enc 2>&1", {
  "mpeg2enc.m2v": [
    "$ff -f lavfi -i testsrc=s=64x48:r=25:d=1 -pix_fmt yuv420p t.y4m; mpeg2enc -v 0",
    "-f 0 -o $o < t.y4m 2>/dev/null",
  ],
});

by("gifsicle videos", "gifsicle", "gifsicle --version", {
  "gifsicle-delays.gif": [
    "$ff -f lavfi -i testsrc=s=48x32:r=10:d=1 a.gif; gifsicle -U a.gif -d 50 '#0-3'",
    "-d 5 '#4-9' -O2 -o $o",
  ],
});

export const videos = list;

const other = recipes("other");

other.by("LibreOffice files", "libreoffice-writer-nogui", "soffice --version 2>/dev/null", {
  "letter.docx": "office docx $here/pages/letter.html $o writer",
  "letter.odt": "office odt $here/pages/letter.html $o writer",
  "letter.rtf": "office rtf $here/pages/letter.html $o writer",
  "letter.doc": "office doc $here/pages/letter.html $o writer",
  "sheet.xlsx": "office xlsx $here/pages/sheet.csv $o calc",
  "sheet.ods": "office ods $here/pages/sheet.csv $o calc",
  "sheet.xls": "office xls $here/pages/sheet.csv $o calc",
  "slides.pptx": "office pptx $here/pages/slides.fodp $o impress",
});

other.by("ImageMagick other", "imagemagick", "convert -version", {
  "photo.ppm": "convert $photo $o",
  "photo.tga": "convert $photo $o",
  "photo.jp2": "convert $photo $o",
  "photo.j2k": "convert $photo $o",
  "photo.psd": "convert $photo $o",
  "photo.ico": "convert $photo -resize 32x32 $o",
  "photo.pcx": "convert $photo $o",
  "photo.xpm": "convert $mark -colors 4 $o",
  "photo.dds": "convert $photo $o",
  "photo.mng": "convert $photo $o",
  "photo.exr": "$ff -i $photo -pix_fmt gbrpf32le $o",
  "photo.hdr": "convert $photo $o",
  "photo.pam": "convert $alpha $o",
  "photo.fits": "convert $photo -colorspace Gray $o",
});

other.by(
  "Pillow other",
  "python3-pil",
  "/usr/bin/python3 -c 'import PIL; print(PIL.__version__)'",
  {
    "pil.sgi": "py 'rgb.save(o)'",
    "pil.msp": "py 'bw.save(o)'",
  },
);

other.by("Plain tools", "coreutils zip gzip tar", "zip --version", {
  "drawing.svg": "cp $drawing $o",
  "page.html": "cp $here/pages/letter.html $o",
  "letter.ps": "cp $letter $o",
  "archive.zip": "zip -q $o -j $photo $letter",
  "archive.tar": "tar cf $o -C $(dirname $photo) photo.png",
  "letter.pdf.gz": "gzip -c $letterpdf > $o",
  "mail.eml": "cp $here/pages/mail.eml $o",
  "plain.txt": "cp $here/pages/plain.txt $o",
  "data.json": "echo '{\"total\": 12.5}' > $o",
  "book.epub": [
    "mkdir -p META-INF; printf application/epub+zip > mimetype; echo '<container/>' >",
    "META-INF/container.xml; zip -q -X0 $o mimetype; zip -q -r $o META-INF",
  ],
  "empty.bin": ": > $o",
});

other.by("DjVuLibre", "djvulibre-bin", "c44 2>&1", {
  "photo.djvu": "convert $photo j.jpg; c44 j.jpg $o",
});

export const others = other.list;
