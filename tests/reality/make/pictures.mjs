// Pictures as cameras, editors, scanners' programs and the web make them.

import { recipes } from "./recipe.mjs";

const { by, list } = recipes("pictures");

by("ImageMagick", "imagemagick", "convert -version", {
  "im-rgb.png": "convert $photo PNG24:$o",
  "im-gray.png": "convert $photo -colorspace Gray $o",
  "im-gray16.png": "convert $photo -colorspace Gray -depth 16 -evaluate multiply 0.97 $o",
  "im-rgb16.png": "convert $photo -depth 16 -evaluate multiply 0.97 PNG48:$o",
  "im-rgba16.png": "convert $alpha -depth 16 PNG64:$o",
  "im-palette.png": "convert $photo -colors 40 PNG8:$o",
  "im-palette-transparent.png": "convert $mark -transparent white -colors 16 PNG8:$o",
  "im-bilevel.png": "convert $page -threshold 50% -depth 1 $o",
  "im-interlaced.png": "convert $photo -interlace PNG $o",
  "im-gray-alpha.png": "convert $alpha -colorspace Gray $o",
  "im-gamma.png": "convert $photo -gamma 1.8 -set gamma 0.55 $o",
  "im-density-text.png": "convert $photo -density 300 -set comment 'ein Bild' $o",
  "im-jpeg.jpg": "convert $photo -quality 85 $o",
  "im-jpeg-444.jpg": "convert $photo -sampling-factor 1x1 -quality 92 $o",
  "im-jpeg-422.jpg": "convert $photo -sampling-factor 2x1 -quality 75 $o",
  "im-jpeg-440.jpg": "convert $photo -sampling-factor 1x2 -quality 75 $o",
  "im-jpeg-411.jpg": "convert $photo -sampling-factor 4x1 -quality 75 $o",
  "im-jpeg-progressive.jpg": "convert $photo -interlace JPEG -quality 80 $o",
  "im-jpeg-gray.jpg": "convert $photo -colorspace Gray -quality 80 $o",
  "im-jpeg-cmyk.jpg": "convert $photo -colorspace CMYK -quality 90 $o",
  "im-jpeg-quality-1.jpg": "convert $photo -quality 1 $o",
  "im-jpeg-odd-size.jpg": "convert $photo -crop 61x43+3+5 +repage -quality 85 $o",
  "im-jpeg-one-pixel.jpg": "convert $photo -crop 1x1+30+30 +repage -quality 90 $o",
  "im-animated.gif": "convert -delay 20 $mark \\( $mark -flip \\) \\( $mark -flop \\) -loop 0 $o",
  "im-transparent.gif": "convert $mark -transparent white $o",
  "im-offset-frames.gif":
    "convert -delay 10 $mark \\( $mark -crop 30x20+5+5 \\) -layers optimize $o",
  "im-bmp3.bmp": "convert $photo BMP3:$o",
  "im-bmp2.bmp": "convert $photo -type truecolor BMP2:$o",
  "im-bmp-alpha.bmp": "convert $alpha BMP:$o",
  "im-bmp-rle8.bmp": "convert $mark -colors 12 -compress RLE BMP3:$o",
  "im-bmp-1bit.bmp": "convert $page -type bilevel BMP3:$o",
  "im-bmp-565.bmp": "convert $photo -define bmp:subtype=RGB565 BMP:$o",
  "im-lossy.webp": "convert $photo -quality 70 $o",
  "im-lossless.webp": "convert $photo -define webp:lossless=true $o",
  "im-lzw.tif": "convert $photo -compress LZW $o",
  "im-zip-predictor.tif": "convert $photo -compress Zip -define tiff:predictor=2 $o",
  "im-packbits-gray.tif": "convert $photo -colorspace Gray -compress RLE $o",
  "im-group4.tif": "convert $page -type bilevel -compress Group4 $o",
  "im-fax.tif": "convert $page -type bilevel -compress Fax $o",
  "im-jpeg.tif": "convert $photo -compress JPEG $o",
  "im-planar.tif": "convert $photo -interlace plane -compress none $o",
  "im-tiled.tif": "convert $photo -define tiff:tile-geometry=32x32 -compress LZW $o",
  "im-rgb16.tif": "convert $photo -depth 16 -evaluate multiply 0.97 -compress none $o",
  "im-gray16.tif": "convert $photo -colorspace Gray -depth 16 -evaluate multiply 0.97 $o",
  "im-cmyk.tif": "convert $photo -colorspace CMYK -compress LZW $o",
  "im-alpha.tif": "convert $alpha -compress LZW $o",
  "im-alpha-associated.tif": "convert $alpha -define tiff:alpha=associated -compress LZW $o",
  "im-big-endian.tif": "convert $photo -endian MSB -compress none $o",
  "im-palette.tif": "convert $photo -colors 30 -type palette -compress LZW $o",
  "im-min-is-white.tif":
    "convert $page -type bilevel -define quantum:polarity=min-is-white -compress none $o",
  "im-fill-order.tif":
    "convert $page -type bilevel -define tiff:fill-order=lsb -compress Group4 $o",
  "im-pyramid.tif": "convert $photo -define tiff:tile-geometry=32x32 PTIF:$o",
  "im-three-pages.tif": "convert $page \\( $page -flip \\) \\( $photo \\) -compress Zip $o",
  "im-orientation-6.tif": "convert $mark -orient RightTop $o",
  "im-float.tif": "convert $photo -depth 32 -define quantum:format=floating-point $o",
});

by("Pillow", "python3-pil", "/usr/bin/python3 -c 'import PIL; print(PIL.__version__)'", {
  "pil-1.png": "py 'bw.save(o)'",
  "pil-la.png": "py 'rgba.convert(\"LA\").save(o)'",
  "pil-p-trns.png": "py 'rgb.quantize(20).save(o, transparency=3)'",
  "pil-i16.png": "py 'gray16.save(o)'",
  "pil-rgba.png": "py 'rgba.save(o, optimize=True)'",
  "pil-rgb-trns.png": "py 'mark.save(o, transparency=(255,255,255))'",
  "pil-two-bits.png": "py 'rgb.quantize(4).save(o, bits=2)'",
  "pil-animated.png": "py 'rgb.save(o, save_all=True, append_images=[mark.resize(rgb.size)])'",
  "pil-exif-5.png": "py 'rgb.save(o, exif=exif(5))'",
  "pil-exif-8.png": "py 'rgb.save(o, exif=exif(8))'",
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 8].map((turn) => [
      `pil-exif-${turn}.jpg`,
      `py 'mark.save(o, quality=90, exif=exif(${turn}))'`,
    ]),
  ),
  "pil-cmyk.jpg": "py 'rgb.convert(\"CMYK\").save(o, quality=90)'",
  "pil-progressive-420.jpg": "py 'rgb.save(o, quality=60, progressive=True, subsampling=2)'",
  "pil-gray.jpg": "py 'rgb.convert(\"L\").save(o, quality=70)'",
  "pil-thumbnail-exif.jpg": "py 'with_thumbnail(o)'",
  "pil-icc.jpg": "py 'rgb.save(o, quality=90, icc_profile=srgb())'",
  "pil-two-pictures.mpo": "py 'rgb.save(o, \"MPO\", save_all=True, append_images=[mark])'",
  "pil-p.bmp": "py 'rgb.quantize(32).save(o)'",
  "pil-1.bmp": "py 'bw.save(o)'",
  "pil-l.bmp": "py 'rgb.convert(\"L\").save(o)'",
  "pil-animated-disposal.gif":
    "py 'mark.save(o, save_all=True, append_images=[mark.rotate(180)], disposal=2, duration=80)'",
  "pil-interlaced.gif": "py 'rgb.quantize(64).save(o, interlace=1)'",
  "pil-lossy-alpha.webp": "py 'rgba.save(o, quality=80)'",
  "pil-animated.webp": "py 'rgb.save(o, save_all=True, append_images=[mark.resize(rgb.size)])'",
  "pil-exif-6.webp": "py 'mark.save(o, lossless=True, exif=exif(6))'",
  "pil-exif-3-lossy.webp": "py 'mark.save(o, quality=90, exif=exif(3))'",
  "pil-lzw.tif": "py 'rgb.save(o, compression=\"tiff_lzw\")'",
  "pil-deflate.tif": "py 'rgb.save(o, compression=\"tiff_adobe_deflate\")'",
  "pil-group3.tif": "py 'bw.save(o, compression=\"group3\")'",
  "pil-jpeg.tif": "py 'rgb.save(o, compression=\"jpeg\")'",
  "pil-la.tif": "py 'rgba.convert(\"LA\").save(o)'",
  "pil-rgbx.tif": "py 'rgb.convert(\"RGBX\").save(o)'",
  "pil-lab.tif": "py 'lab(o)'",
  "pil-i16.tif": "py 'gray16.save(o)'",
  "pil-i32.tif": "py 'gray16.convert(\"I\").save(o)'",
  "pil-float.tif": "py 'rgb.convert(\"F\").save(o)'",
  "pil-cmyk.tif": "py 'rgb.convert(\"CMYK\").save(o)'",
  "pil-multi-page.tif":
    "py 'bw.save(o, save_all=True, append_images=[rgb, mark], compression=\"tiff_lzw\")'",
  ...Object.fromEntries(
    [2, 3, 4, 5, 7, 8].map((turn) => [
      `pil-orientation-${turn}.tif`,
      `py 'mark.save(o, tiffinfo={274: ${turn}})'`,
    ]),
  ),
});

by("GraphicsMagick", "graphicsmagick", "gm version", {
  "gm.png": "gm convert $photo $o",
  "gm.jpg": "gm convert $photo -quality 80 $o",
  "gm-animated.gif": "gm convert -delay 20 $mark $photo $o",
  "gm.bmp": "gm convert $photo $o",
  "gm-jpeg-compressed.tif": "gm convert $photo -compress JPEG $o",
  "gm-zip.tif": "gm convert $photo -compress Zip $o",
  "gm-cmyk.tif": "gm convert $photo -colorspace CMYK $o",
  "gm-transparent.png": "gm convert $mark -transparent white $o",
  "gm.webp": "gm convert $photo $o",
});

by("libtiff", "libtiff-tools", "tiffcp 2>&1", {
  "tiff-g3-2d.tif": "tiffcp -c g3:2d:fill $pagetif $o",
  "tiff-g4.tif": "tiffcp -c g4 $pagetif $o",
  "tiff-lzma.tif": "tiffcp -c lzma $phototif $o",
  "tiff-zstd.tif": "tiffcp -c zstd $phototif $o",
  "tiff-webp.tif": "tiffcp -c webp $phototif $o",
  "tiff-jpeg-rgb.tif": "tiffcp -c jpeg:r:90 -r 16 $phototif $o",
  "tiff-jpeg-ycbcr.tif": "tiffcp -c jpeg:80 -r 16 $phototif $o",
  "tiff-lzw-predictor.tif": "tiffcp -c lzw:2 $phototif $o",
  "tiff-tiles.tif": "tiffcp -t -w 16 -l 16 -c zip $phototif $o",
  "tiff-separate.tif": "tiffcp -p separate -c packbits $phototif $o",
  "tiff-bigtiff.tif": "tiffcp -8 -c lzw $phototif $o",
  "tiff-bigtiff-big-endian-pages.tif": "tiffcp -8 -B $phototif $pagetif $o",
  "tiff-one-row-strips.tif": "tiffcp -r 1 -c lzw $phototif $o",
  "tiff-rgba.tif": "tiff2rgba -c none $phototif $o",
  "tiff-bw.tif": "tiff2bw $phototif $o",
  "tiff-dither.tif": "convert $photo -colorspace Gray -depth 8 g.tif; tiffdither -c lzw g.tif $o",
  "tiff-orientation-6.tif": "cp $marktif $o; tiffset -s 274 6 $o",
  "tiff-crop.tif": "tiffcrop -U px -X 60 -Y 40 $phototif $o",
  "tiff-median.tif": "tiffmedian -C 16 -c lzw $phototif $o",
  "tiff-wrong-page-tag.tif": "cp $phototif $o; tiffset -s 254 0 $o",
  "tiff-extra-channels.tif":
    "py 'raw(5)'; raw2tiff -w 96 -l 72 -b 5 -p rgb -d byte raw.bin $o; tiffset -s 338 2 0 0 $o",
  "tiff-one-extra-channel.tif":
    "py 'raw(4)'; raw2tiff -w 96 -l 72 -b 4 -p rgb -d byte raw.bin $o; tiffset -s 338 1 0 $o",
  "tiff-one-alpha.tif":
    "py 'raw(4)'; raw2tiff -w 96 -l 72 -b 4 -p rgb -d byte raw.bin $o; tiffset -s 338 1 2 $o",
  "tiff-cmyk-and-spot.tif":
    "py 'raw(5)'; raw2tiff -w 96 -l 72 -b 5 -p cmyk -d byte raw.bin $o; tiffset -s 338 1 0 $o",
});

by("libheif", "libheif-examples", "heif-enc --version 2>&1; dpkg-query -W libheif-examples", {
  "heif.heic": "heif-enc -q 90 $photo -o $o",
  "heif-thumbnail.heic": "heif-enc -q 80 -t 32 $photo -o $o",
  "heif-gray.heic": "convert $photo -colorspace Gray g.png; heif-enc g.png -o $o",
  "heif-alpha.heic": "heif-enc $alpha -o $o",
  "heif-lossless.heic": "heif-enc -L $photo -o $o",
  "heif-sharp.heic": "heif-enc -q 95 -p chroma=444 $mark -o $o",
});

by("libjxl", "libjxl-tools", "cjxl --version 2>&1", {
  "cjxl-lossy.jxl": "cjxl $photo $o -d 1",
  "cjxl-lossless.jxl": "cjxl $photo $o -d 0",
  "cjxl-from-jpeg.jxl": "convert $photo -quality 85 j.jpg; cjxl j.jpg $o --container=1",
});

by("libavif", "libavif-bin", "avifenc --version", {
  "avif-420.avif": "avifenc -s 8 -y 420 $photo $o",
  "avif-444-10bit.avif": "avifenc -s 8 -y 444 -d 10 $photo $o",
  "avif-12bit.avif": "avifenc -s 8 -d 12 $photo $o",
  "avif-gray.avif": "avifenc -s 8 -y 400 $photo $o",
  "avif-lossless.avif": "avifenc -s 8 -l $photo $o",
  "avif-alpha.avif": "avifenc -s 8 $alpha $o",
  "avif-rotated-90.avif": "avifenc -s 8 --irot 1 $mark $o",
  "avif-rotated-180.avif": "avifenc -s 8 --irot 2 $mark $o",
  "avif-mirrored.avif": "avifenc -s 8 --imir 1 $mark $o",
  "avif-aperture.avif": "avifenc -s 8 -y 444 --clap 40,1,30,1,0,1,0,1 $mark $o",
  "avif-grid.avif": "avifenc -s 8 --grid 2x2 $wide $o",
  "avif-sequence.avif": "avifenc -s 8 --fps 5 $photo $photo2 $o",
});

by("libwebp", "webp", "cwebp -version", {
  "cwebp-lossy.webp": "cwebp -quiet -q 80 $photo -o $o",
  "cwebp-lossless.webp": "cwebp -quiet -lossless $photo -o $o",
  "cwebp-near-lossless.webp": "cwebp -quiet -near_lossless 60 $photo -o $o",
  "cwebp-alpha.webp": "cwebp -quiet -q 70 $alpha -o $o",
  "gif2webp.webp": "convert -delay 20 $photo $photo2 -colors 32 a.gif; gif2webp -quiet a.gif -o $o",
  "img2webp.webp": "img2webp -loop 0 -lossless -d 100 $photo -d 200 $photo2 -o $o",
});

by("gifsicle", "gifsicle", "gifsicle --version", {
  "gifsicle-optimised.gif":
    "convert -delay 20 $mark \\( $mark -flip \\) a.gif; gifsicle -O3 a.gif -o $o",
  "gifsicle-interlaced.gif": "convert $photo a.gif; gifsicle -i --colors 32 a.gif -o $o",
  "gifsicle-cropped.gif": "convert $mark $photo2 a.gif; gifsicle --crop 5,5+40x30 a.gif -o $o",
  "gifsicle-no-delay.gif": "convert $mark $photo2 a.gif; gifsicle --delay 0 a.gif -o $o",
  "gifsicle-rotated.gif": "convert $mark a.gif; gifsicle --rotate-90 a.gif -o $o",
});

by("OptiPNG", "optipng", "optipng -v", {
  "optipng.png": "optipng -quiet -o5 $photo -out $o",
  "optipng-interlaced.png": "optipng -quiet -i1 $mark -out $o",
});

by("pngquant", "pngquant", "pngquant --version", {
  "pngquant.png": "pngquant 32 --output $o $photo",
  "pngquant-alpha.png": "pngquant 16 --output $o $alpha",
});

by("libjpeg-turbo", "libjpeg-turbo-progs", "cjpeg -version 2>&1", {
  "cjpeg-restart.jpg": "cjpeg -restart 1 -quality 80 $photoppm > $o",
  "cjpeg-gray.jpg": "cjpeg -grayscale $photoppm > $o",
  "cjpeg-arithmetic.jpg": "cjpeg -arithmetic -quality 85 $photoppm > $o",
  "cjpeg-rgb.jpg": "cjpeg -rgb -quality 90 $photoppm > $o",
  "jpegtran-rotated.jpg": "cjpeg -quality 90 $photoppm > a.jpg; jpegtran -rotate 90 a.jpg > $o",
  "jpegtran-progressive.jpg": "cjpeg $photoppm > a.jpg; jpegtran -progressive a.jpg > $o",
});

by("jpegoptim", "jpegoptim", "jpegoptim --version", {
  "jpegoptim.jpg": "convert $photo $o; jpegoptim -q -m70 --strip-all $o",
});

by("ExifTool", "libimage-exiftool-perl", "exiftool -ver", {
  "exiftool-turned.jpg":
    "convert $mark -quality 90 $o; exiftool -q -overwrite_original -n -Orientation=6 $o",
  "exiftool-turned-beside-make.jpg": [
    "convert $mark $o; exiftool -q -overwrite_original -n -Orientation=8 -Make=Acme",
    "-GPSLatitude=52 $o",
  ],
  "exiftool-turned.png": "convert $mark $o; exiftool -q -overwrite_original -n -Orientation=3 $o",
  "exiftool-turned.webp": [
    "convert $mark -define webp:lossless=true $o; exiftool -q -overwrite_original -n",
    "-Orientation=8 $o",
  ],
  "exiftool-xmp-only.jpg":
    "convert $mark $o; exiftool -q -overwrite_original -n -XMP-tiff:Orientation=6 $o",
  "exiftool-big-endian.jpg":
    "convert $mark $o; exiftool -q -overwrite_original -n -ExifByteOrder=MM -Orientation=5 $o",
});

by("Netpbm", "netpbm", "pnmtopng -version 2>&1", {
  "netpbm.png": "pnmtopng $photoppm > $o 2>/dev/null",
  "netpbm-transparent.png": "pnmtopng -transparent white $markppm > $o 2>/dev/null",
  "netpbm.gif": "pnmquant 64 $photoppm 2>/dev/null | ppmtogif > $o 2>/dev/null",
  "netpbm.tif": "pamtotiff -lzw -output $o $photoppm || pnmtotiff -lzw $photoppm > $o",
  "netpbm-os2.bmp": "ppmtobmp -os2 $photoppm > $o 2>/dev/null",
  "netpbm-4bit.bmp":
    "pnmquant 12 $photoppm 2>/dev/null | ppmtobmp -windows -bpp=4 > $o 2>/dev/null",
  "netpbm.jpg": "pnmtojpeg -quality 85 $photoppm > $o 2>/dev/null",
});

by("FFmpeg pictures", "ffmpeg", "ffmpeg -version", {
  "ffmpeg.png": "$ff -i $photo $o",
  "ffmpeg.jpg": "$ff -i $photo -q:v 3 $o",
  "ffmpeg-444.jpg": "$ff -i $photo -pix_fmt yuvj444p -q:v 2 $o",
  "ffmpeg.bmp": "$ff -i $photo $o",
  "ffmpeg.tif": "$ff -i $photo -compression_algo lzw $o",
  "ffmpeg-animated.webp": "$ff -f lavfi -i testsrc=s=64x48:r=5:d=1 -loop 0 $o",
  "ffmpeg-palette.gif": [
    "$ff -f lavfi -i testsrc=s=64x48:r=5:d=1 -vf",
    "split[a][b]\\;[a]palettegen[p]\\;[b][p]paletteuse $o",
  ],
  "ffmpeg-rgb48.png": "$ff -i $photo -pix_fmt rgb48be $o",
  "ffmpeg-animated.apng": "$ff -f lavfi -i testsrc=s=64x48:r=5:d=1 -plays 0 $o",
});

by("Ghostscript pictures", "ghostscript", "gs --version", {
  "gs-png16m.png": "$gs -sDEVICE=png16m -r36 -o $o $letter",
  "gs-pngalpha.png": "$gs -sDEVICE=pngalpha -r36 -o $o $letter",
  "gs-pngmono.png": "$gs -sDEVICE=pngmono -r50 -o $o $letter",
  "gs-jpeg.jpg": "$gs -sDEVICE=jpeg -r36 -o $o $letter",
  "gs-tiffg3.tif": "$gs -sDEVICE=tiffg3 -r50 -o $o $letter",
  "gs-tiffg4-pages.tif": "$gs -sDEVICE=tiffg4 -r50 -o $o $letter $letter",
  "gs-tiff24nc.tif": "$gs -sDEVICE=tiff24nc -r24 -sCompression=lzw -o $o $letter",
  "gs-tiff32nc.tif": "$gs -sDEVICE=tiff32nc -r20 -sCompression=lzw -o $o $letter",
  "gs-tiffgray.tif": "$gs -sDEVICE=tiffgray -r24 -sCompression=lzw -o $o $letter",
  "gs-bmp16m.bmp": "$gs -sDEVICE=bmp256 -r16 -o $o $letter",
});

by("Poppler pictures", "poppler-utils", "pdftoppm -v 2>&1", {
  "pdftoppm.png": "pdftoppm -png -r 36 -singlefile $letterpdf p; mv p.png $o",
  "pdftoppm-mono.png": "pdftoppm -png -mono -r 36 -singlefile $letterpdf p; mv p.png $o",
  "pdftoppm.jpg": "pdftoppm -jpeg -r 36 -singlefile $letterpdf p; mv p.jpg $o",
  "pdftoppm.tif": "pdftoppm -tiff -tiffcompression lzw -r 24 -singlefile $letterpdf p; mv p.tif $o",
  "pdftocairo-transparent.png":
    "pdftocairo -png -transp -r 36 -singlefile $letterpdf p; mv p.png $o",
});

by("librsvg", "librsvg2-bin", "rsvg-convert --version", {
  "rsvg.png": "rsvg-convert $drawing -o $o",
});

by("Inkscape pictures", "inkscape", "inkscape --version 2>/dev/null", {
  "inkscape.png": "inkscape $drawing -o $o 2>/dev/null",
  "inkscape-opaque.png": "inkscape $drawing --export-background=white -o $o 2>/dev/null",
});

by("QRencode", "qrencode", "qrencode --version 2>&1", {
  "qrencode.png": "qrencode -o $o 'INV-2026-0815'",
});

by("Graphviz", "graphviz", "dot -V 2>&1", {
  "graphviz.png": "echo 'digraph{Order->Invoice->Paid}' | dot -Tpng -o $o",
  "graphviz.gif": "echo 'digraph{Order->Invoice}' | dot -Tgif -o $o",
  "graphviz.jpg": "echo 'digraph{Order->Invoice}' | dot -Tjpg -o $o",
});

by("Gnuplot", "gnuplot-nox", "gnuplot --version", {
  "gnuplot.png":
    "echo \"set term png size 200,150; set output '$o'; plot sin(x)\" | gnuplot 2>/dev/null",
});

by(
  "Matplotlib",
  "python3-matplotlib",
  "/usr/bin/python3 -c 'import matplotlib as m; print(m.__version__)'",
  {
    "matplotlib.png": "plot",
    "matplotlib.jpg": "plot",
  },
);

by("Chromium pictures", "chromium", "chromium --version 2>/dev/null", {
  "chromium-screenshot.png": "node $browser screenshot $o png",
  "chromium-screenshot.jpg": "node $browser screenshot $o jpeg",
  "chromium-canvas.webp": "node $browser canvas $o image/webp",
  "chromium-canvas.png": "node $browser canvas $o image/png",
  "chromium-canvas.jpg": "node $browser canvas $o image/jpeg",
});

export const pictures = list;
