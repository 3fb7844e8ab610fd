# What the recipes' commands share: names of source files and a few functions. `o` is the output.
set -eo pipefail
photo=$sources/photo.png photo2=$sources/photo2.png mark=$sources/mark.png alpha=$sources/alpha.png
page=$sources/page.png wide=$sources/wide.png drawing=$here/pages/drawing.svg
photoppm=$sources/photo.ppm markppm=$sources/mark.ppm
phototif=$sources/photo.tif pagetif=$sources/page.tif marktif=$sources/mark.tif
letter=$sources/letter.ps letterpdf=$sources/letter.pdf
subs=$sources/subs.srt chapters=$sources/chapters.txt
ff="ffmpeg -v error -nostdin -y"
gs="gs -q -dNOPAUSE -dBATCH -dSAFER"
v="-f lavfi -i testsrc=s=128x96:r=25:d=2" v1="-f lavfi -i testsrc=s=64x48:r=10:d=1"
a="-f lavfi -i sine=440:d=2" a1="-f lavfi -i sine=440:d=1"

make_sources() {
  cd "$sources"
  # a photograph: noise of several sizes; a mark that shows every turn and mirror: an F
  convert -size 96x72 -seed 7 plasma:tomato-steelblue -blur 0x1.2 -depth 8 +set date:create PNG24:photo.png
  convert -size 96x72 -seed 9 plasma:gold-navy -blur 0x1.5 -depth 8 +set date:create PNG24:photo2.png
  convert -size 160x128 -seed 5 plasma:green-orange -blur 0x2 -depth 8 PNG24:wide.png
  convert -size 64x48 xc:white -fill '#204080' -draw 'rectangle 6,4 14,43 rectangle 6,4 40,12' \
    -fill '#d04020' -draw 'rectangle 6,20 30,27' PNG24:mark.png
  convert photo.png \( -size 96x72 gradient:white-black \) -alpha off -compose CopyOpacity \
    -composite -depth 8 PNG32:alpha.png
  convert photo.png photo.ppm
  convert mark.png mark.ppm
  convert photo.png -type truecolor -compress none photo.tif
  convert mark.png -compress none mark.tif
  convert -size 170x220 xc:white -fill black -draw 'rectangle 20,20 150,23 rectangle 20,40 120,43' \
    -draw 'rectangle 20,60 140,63 circle 85,140 85,170' -type bilevel page.png
  convert page.png -type bilevel -compress Group4 fax.tif
  tiffcp -c none fax.tif page.tif
  printf '1\n00:00:00,000 --> 00:00:01,000\nHello\n' > subs.srt
  printf ';FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n' > chapters.txt
  groff -Tps -ms "$here/pages/memo.ms" > letter.ps
  ps2pdf letter.ps letter.pdf
}

py() { /usr/bin/python3 "$here/pillow.py" "$sources" "$o" "$1"; }
py-doc() { /usr/bin/python3 "$here/pdf.py" "$o" "$1"; }
plot() {
  /usr/bin/python3 - "$o" "${1:-3}" <<'PY'
import sys, matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
plt.rcParams["pdf.fonttype"] = int(sys.argv[2])
figure, axes = plt.subplots(figsize=(3, 2), dpi=60)
axes.plot([1, 2, 3], [10, 5, 12.5])
axes.set_title("Sales of 2026")
figure.savefig(sys.argv[1])
PY
}

# tex ENGINE NAME: pdflatex, or latex with dvips and its bitmap fonts
tex() {
  cp "$here/pages/$2.tex" .
  if [ "$1" = pdflatex ]; then
    pdflatex -interaction=batchmode "$2" >/dev/null; cp "$2.pdf" "$o"
  else
    latex -interaction=batchmode "$2" >/dev/null
    dvips -q -V1 "$2" -o "$2.ps"; ps2pdf "$2.ps" "$o"
  fi
}

# office FORMAT INPUT OUTPUT MODULE: converts in a profile of its own
office() {
  local format=$1 input=$2 output=$3 module=$4 suffix filter
  local run="soffice -env:UserInstallation=file://$sources/profile --headless"
  case "$module" in writer) filter=writer_pdf_Export ;; calc) filter=calc_pdf_Export ;; *) filter=impress_pdf_Export ;; esac
  if [ "$module" = writer ]; then case "$input" in *.html) run="$run --infilter=HTML" ;; esac; fi
  suffix=$format
  case "$format" in
    pdf) format="pdf:$filter" ;;
    pdfa) format="pdf:$filter:{\"SelectPdfVersion\":{\"type\":\"long\",\"value\":\"2\"}}"; suffix=pdf ;;
    docx) format="docx:MS Word 2007 XML" ;;
    doc) format="doc:MS Word 97" ;;
    odt) format="odt:writer8" ;;
    rtf) format="rtf:Rich Text Format" ;;
    via-docx)
      $run --convert-to "docx:MS Word 2007 XML" --outdir . "$input" >/dev/null 2>&1
      input=$(ls ./*.docx); format=pdf suffix=pdf
      run="soffice -env:UserInstallation=file://$sources/profile --headless" ;;
  esac
  $run --convert-to "$format" --outdir out "$input" >/dev/null 2>&1
  cp out/*."$suffix" "$output"
}

# screen OUT CODEC...: records a moving window of a virtual screen
screen() {
  local output=$1 display=:$((RANDOM % 400 + 100)) server player
  shift
  Xvfb $display -screen 0 160x120x24 >/dev/null 2>&1 & server=$!
  sleep 1
  DISPLAY=$display ffplay -v quiet -loop 0 -x 160 -y 120 -f lavfi -i testsrc=s=160x120:r=10 \
    >/dev/null 2>&1 & player=$!
  sleep 1
  $ff -f x11grab -video_size 160x120 -framerate 10 -t 2 -i $display "$@" "$output"
  kill $player $server; wait || true
}
