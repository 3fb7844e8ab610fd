// Documents as offices, browsers, typesetters, scanners and PDF tools make them.

import { recipes } from "./recipe.mjs";

const { by, list } = recipes("documents");

by("Chromium print", "chromium", "chromium --version 2>/dev/null", {
  "chromium-invoice.pdf": "node $browser print $o $here/pages/invoice.html",
  "chromium-hyphens.pdf": "node $browser print $o $here/pages/hyphens.html",
  "chromium-scripts.pdf": "node $browser print $o $here/pages/scripts.html",
  "chromium-landscape-table.pdf": "node $browser print $o $here/pages/table.html landscape",
  "chromium-two-columns.pdf": "node $browser print $o $here/pages/columns.html",
  "chromium-form.pdf": "node $browser print $o $here/pages/form.html",
  "chromium-svg-chart.pdf": "node $browser print $o $here/pages/chart.html",
  "chromium-many-pages.pdf": "node $browser print $o $here/pages/pages.html",
  "chromium-letter-size.pdf": "node $browser print $o $here/pages/invoice.html letter",
});

by(
  "LibreOffice",
  "libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui",
  "soffice --version 2>/dev/null",
  {
    "libreoffice-letter.pdf": "office pdf $here/pages/letter.html $o writer",
    "libreoffice-invoice.pdf": "office pdf $here/pages/invoice.html $o writer",
    "libreoffice-sheet.pdf": "office pdf $here/pages/sheet.csv $o calc",
    "libreoffice-fields.pdf": "office pdf $here/pages/form.fodt $o writer",
    "libreoffice-note.pdf": "office pdf $here/pages/note.fodt $o writer",
    "libreoffice-slides.pdf": "office pdf $here/pages/slides.fodp $o impress",
    "libreoffice-pdfa.pdf": "office pdfa $here/pages/letter.html $o writer",
    "libreoffice-from-docx.pdf": "office via-docx $here/pages/letter.html $o writer",
  },
);

by("wkhtmltopdf", "wkhtmltopdf", "wkhtmltopdf --version", {
  "wkhtmltopdf-invoice.pdf": "QT_QPA_PLATFORM=offscreen wkhtmltopdf -q $here/pages/invoice.html $o",
  "wkhtmltopdf-table.pdf":
    "QT_QPA_PLATFORM=offscreen wkhtmltopdf -q -O Landscape $here/pages/table.html $o",
});

by("WeasyPrint", "weasyprint", "weasyprint --version", {
  "weasyprint-invoice.pdf": "weasyprint -q $here/pages/invoice.html $o",
  "weasyprint-hyphens.pdf": "weasyprint -q $here/pages/hyphens.html $o",
  "weasyprint-columns.pdf": "weasyprint -q $here/pages/columns.html $o",
});

by("pdfTeX", "texlive-latex-recommended texlive-fonts-recommended", "pdflatex --version", {
  "pdflatex-article.pdf": "tex pdflatex article",
  "pdflatex-type3.pdf": "tex dvips article",
  "pdflatex-form.pdf": "tex pdflatex form",
  "pdflatex-table.pdf": "tex pdflatex numbers",
  "dvipdf-numbers.pdf": "tex dvips numbers",
});

by("groff", "groff-base groff", "groff --version", {
  "groff-pdf.pdf": "groff -Tpdf -ms $here/pages/memo.ms > $o",
  "groff-ps2pdf.pdf": "groff -Tps -ms $here/pages/memo.ms | ps2pdf - $o",
});

by(
  "cairo",
  "python3-cairo",
  "/usr/bin/python3 -c 'import cairo; print(cairo.cairo_version_string())'",
  {
    "cairo-text.pdf": "py-doc cairo_text",
    "cairo-mixed-sizes.pdf": "py-doc cairo_sizes",
    "cairo-outlines.pdf": "py-doc cairo_outlines",
    "rsvg.pdf": "rsvg-convert -f pdf $drawing -o $o",
  },
);

by("CairoSVG", "cairosvg", "cairosvg --version", {
  "cairosvg.pdf": "cairosvg $drawing -o $o",
});

by("Inkscape", "inkscape", "inkscape --version 2>/dev/null", {
  "inkscape.pdf": "inkscape $drawing -o $o 2>/dev/null",
  "inkscape-paths.pdf": "inkscape $drawing --export-text-to-path -o $o 2>/dev/null",
});

by(
  "ReportLab",
  "python3-reportlab",
  "/usr/bin/python3 -c 'import reportlab as r; print(r.Version)'",
  {
    "reportlab-table.pdf": "py-doc rl_table",
    "reportlab-form.pdf": "py-doc rl_form",
    "reportlab-standard-fonts.pdf": "py-doc rl_fonts",
    "reportlab-rotated-text.pdf": "py-doc rl_rotated",
    "reportlab-encrypted-open.pdf": "py-doc rl_encrypted_open",
    "reportlab-encrypted-password.pdf": "py-doc rl_encrypted_password",
    "reportlab-cjk.pdf": "py-doc rl_cjk",
    "reportlab-invisible.pdf": "py-doc rl_invisible",
    "reportlab-invoice.pdf": "py-doc rl_invoice",
    "reportlab-delivery.pdf": "py-doc rl_delivery",
  },
);

by(
  "pikepdf",
  "python3-pikepdf",
  "/usr/bin/python3 -c 'import pikepdf; print(pikepdf.__version__)'",
  {
    "pikepdf-crop-box.pdf": "py-doc pk_crop",
    "pikepdf-crop-outside.pdf": "py-doc pk_crop_outside",
    "pikepdf-rotate-90.pdf": "py-doc pk_rotate_90",
    "pikepdf-rotate-270-crop.pdf": "py-doc pk_rotate_270",
    "pikepdf-user-unit.pdf": "py-doc pk_user_unit",
    "pikepdf-layer-off.pdf": "py-doc pk_layer_off",
    "pikepdf-layer-on.pdf": "py-doc pk_layer_on",
    "pikepdf-free-text.pdf": "py-doc pk_free_text",
    "pikepdf-hidden-note.pdf": "py-doc pk_hidden_note",
    "pikepdf-stamp.pdf": "py-doc pk_stamp",
    "pikepdf-highlight.pdf": "py-doc pk_highlight",
    "pikepdf-need-appearances.pdf": "py-doc pk_need_appearances",
    "pikepdf-checkbox.pdf": "py-doc pk_checkbox",
    "pikepdf-choice.pdf": "py-doc pk_choice",
    "pikepdf-multiline-field.pdf": "py-doc pk_multiline",
    "pikepdf-password-field.pdf": "py-doc pk_password_field",
    "pikepdf-attachment.pdf": "py-doc pk_attachment",
    "pikepdf-soft-hyphen.pdf": "py-doc pk_soft_hyphen",
    "pikepdf-zero-width.pdf": "py-doc pk_zero_width",
    "pikepdf-cyrillic-not-embedded.pdf": "py-doc pk_cyrillic",
    "pikepdf-greek-not-embedded.pdf": "py-doc pk_greek",
    "pikepdf-symbol-fonts.pdf": "py-doc pk_symbols",
    "pikepdf-white-text.pdf": "py-doc pk_white_text",
    "pikepdf-covered-text.pdf": "py-doc pk_covered",
    "pikepdf-clipped-text.pdf": "py-doc pk_clipped",
    "pikepdf-actual-text.pdf": "py-doc pk_actual_text",
    "pikepdf-spaced-letters.pdf": "py-doc pk_spaced",
    "pikepdf-fake-bold.pdf": "py-doc pk_fake_bold",
    "pikepdf-superscripts.pdf": "py-doc pk_superscripts",
    "pikepdf-numbers.pdf": "py-doc pk_numbers",
    "pikepdf-negative-media-box.pdf": "py-doc pk_negative_box",
    "pikepdf-swapped-box.pdf": "py-doc pk_swapped_box",
    "pikepdf-inherited.pdf": "py-doc pk_inherited",
    "pikepdf-empty-page.pdf": "py-doc pk_empty_page",
    "pikepdf-no-contents-last.pdf": "py-doc pk_broken_page",
    "pikepdf-scan-with-stamp.pdf": "py-doc pk_scan_stamp",
    "pikepdf-signature.pdf": "py-doc pk_signature",
  },
);

by("PyPDF", "python3-pypdf", "/usr/bin/python3 -c 'import pypdf; print(pypdf.__version__)'", {
  "pypdf-merged.pdf": "py-doc pp_merged",
  "pypdf-filled.pdf": "py-doc pp_filled",
});

by("qpdf", "qpdf", "qpdf --version", {
  "qpdf-linearized.pdf": "qpdf --linearize $letterpdf $o",
  "qpdf-object-streams.pdf": "qpdf --object-streams=generate --compress-streams=y $letterpdf $o",
  "qpdf-qdf.pdf": "qpdf --qdf --object-streams=disable $letterpdf $o",
  "qpdf-rotated.pdf": "qpdf --rotate=+90 $letterpdf $o",
  "qpdf-encrypted-no-password.pdf": "qpdf --encrypt '' owner 256 -- $letterpdf $o",
  "qpdf-encrypted-40.pdf": "qpdf --allow-weak-crypto --encrypt '' owner 40 -- $letterpdf $o",
  "qpdf-encrypted-password.pdf": "qpdf --encrypt user owner 256 -- $letterpdf $o",
  "qpdf-two-copies.pdf": "qpdf --empty --pages $letterpdf $letterpdf -- $o",
  "qpdf-version-2.pdf": "qpdf --force-version=2.0 $letterpdf $o",
  "qpdf-flattened-form.pdf": "py-doc rl_form; mv $o f.pdf; qpdf --flatten-annotations=all f.pdf $o",
  "qpdf-overlay.pdf": "py-doc rl_invisible; mv $o f.pdf; qpdf $letterpdf --overlay f.pdf -- $o",
});

by("Ghostscript", "ghostscript", "gs --version", {
  "gs-pdfwrite.pdf": "$gs -sDEVICE=pdfwrite -o $o $letter",
  "gs-pdf12.pdf": "$gs -sDEVICE=pdfwrite -dCompatibilityLevel=1.2 -o $o $letterpdf",
  "gs-no-embedding.pdf": "$gs -sDEVICE=pdfwrite -dEmbedAllFonts=false -o $o $letter",
  "gs-image-only.pdf": "$gs -sDEVICE=pdfimage24 -r50 -o $o $letter",
  "gs-image-8-gray.pdf": "$gs -sDEVICE=pdfimage8 -r60 -o $o $letter",
  "gs-two-pages.pdf": "$gs -sDEVICE=pdfwrite -sPAPERSIZE=a5 -o $o $letter $letter",
});

by("MuPDF", "mupdf-tools", "mutool -v 2>&1", {
  "mutool-clean.pdf": "mutool clean -gggg -z $letterpdf $o",
  "mutool-merge.pdf": "mutool merge -o $o $letterpdf 1 $letterpdf 1",
  "mutool-create.pdf": "mutool create -o $o $here/pages/create.txt",
  "mutool-poster.pdf": "mutool poster -x 2 -y 1 $letterpdf $o",
  "mutool-from-png.pdf": "mutool convert -F pdf -o $o $photo",
  "mutool-from-html.pdf": "cp $here/pages/letter.html l.xhtml; mutool convert -F pdf -o $o l.xhtml",
});

by("PDFtk", "pdftk-java", "pdftk --version", {
  "pdftk-filled.pdf":
    "py-doc rl_form; mv $o f.pdf; pdftk f.pdf fill_form $here/pages/fill.fdf output $o",
  "pdftk-flattened.pdf":
    "py-doc rl_form; mv $o f.pdf; pdftk f.pdf fill_form $here/pages/fill.fdf output $o flatten",
  "pdftk-need-appearances.pdf": [
    "py-doc rl_form; mv $o f.pdf; pdftk f.pdf fill_form $here/pages/fill.fdf output",
    "$o need_appearances",
  ],
  "pdftk-stamped.pdf": "py-doc rl_rotated; mv $o f.pdf; pdftk $letterpdf stamp f.pdf output $o",
  "pdftk-rotated.pdf": "pdftk $letterpdf rotate 1south output $o",
});

by("img2pdf", "img2pdf", "img2pdf --version", {
  "img2pdf-jpeg.pdf": "convert $photo j.jpg; img2pdf j.jpg -o $o",
  "img2pdf-png-and-fax.pdf":
    "convert $page -type bilevel -compress Group4 p.tif; img2pdf $photo p.tif -o $o",
  "img2pdf-a4.pdf": "img2pdf --pagesize A4 --border 2cm $photo -o $o",
  "img2pdf-turned-jpeg.pdf":
    "convert $mark j.jpg; exiftool -q -n -Orientation=6 j.jpg; img2pdf j.jpg -o $o",
  "img2pdf-cmyk.pdf": "convert $photo -colorspace CMYK j.jpg; img2pdf j.jpg -o $o",
});

by("OCRmyPDF", "ocrmypdf tesseract-ocr", "ocrmypdf --version", {
  "ocrmypdf-scan.pdf":
    "$gs -sDEVICE=pdfimage8 -r120 -o s.pdf $letter; ocrmypdf -q --output-type pdf s.pdf $o",
  "ocrmypdf-mono.pdf": [
    "pdftoppm -mono -r 120 -singlefile $letterpdf p; convert -density 120 p.pbm",
    "p.png; ocrmypdf -q --image-dpi 120 --output-type pdf p.png $o",
  ],
});

by("Tesseract", "tesseract-ocr", "tesseract --version 2>&1", {
  "tesseract-scan.pdf": [
    "$gs -sDEVICE=pnggray -r120 -o p.png $letter; tesseract p.png $(dirname",
    "$o)/tesseract-scan pdf >/dev/null 2>&1",
  ],
});

by("Poppler", "poppler-utils", "pdftocairo -v 2>&1", {
  "pdftocairo.pdf": "pdftocairo -pdf $letterpdf $o",
  "pdfunite.pdf": "pdfunite $letterpdf $letterpdf $o",
});

by("Enscript", "enscript", "enscript --version", {
  "enscript.pdf": "enscript -q -B -p p.ps $here/pages/plain.txt; ps2pdf p.ps $o",
});

by("Pillow documents", "python3-pil", "/usr/bin/python3 -c 'import PIL; print(PIL.__version__)'", {
  "pil-pages.pdf":
    "py 'rgb.save(o, save_all=True, append_images=[mark.convert(\"L\")], resolution=72)'",
  "pil-bilevel.pdf": "py 'bw.save(o, resolution=100)'",
});

by("libtiff documents", "libtiff-tools", "tiffcp 2>&1", {
  "tiff2pdf.pdf": "tiff2pdf -o $o $phototif",
  "tiff2pdf-fax.pdf": "tiffcp -c g4 $pagetif g.tif; tiff2pdf -p A4 -F -o $o g.tif",
});

by(
  "Matplotlib documents",
  "python3-matplotlib",
  "/usr/bin/python3 -c 'import matplotlib as m; print(m.__version__)'",
  {
    "matplotlib.pdf": "plot",
    "matplotlib-type42.pdf": "plot 42",
  },
);

by("Graphviz documents", "graphviz", "dot -V 2>&1", {
  "graphviz.pdf": "echo 'digraph{Order->Invoice->Paid; Order->Cancelled}' | dot -Tpdf -o $o",
});

by("Gnuplot documents", "gnuplot-nox", "gnuplot --version", {
  "gnuplot.pdf": [
    "echo \"set term pdfcairo size 3,2; set output '$o'; set xlabel 'Seconds'; plot",
    'sin(x)" | gnuplot 2>/dev/null',
  ],
});

by("PHP TCPDF", "php-tcpdf php-cli", "php --version", {
  "tcpdf.pdf": "php $here/tcpdf.php $o",
});

by("PHP FPDF", "php-fpdf php-cli", "php --version", {
  "fpdf.pdf": "php $here/fpdf.php $o",
});

export const documents = list;
