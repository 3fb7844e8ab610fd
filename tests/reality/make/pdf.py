"""Makes one PDF with a Python library: pdf.py OUT NAME, where NAME is one of the functions."""

import io
import sys

import cairo
import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle
from reportlab.lib.styles import getSampleStyleSheet

out = sys.argv[1]

# cairo


def cairo_text():
    surface = cairo.PDFSurface(out, 300, 200)
    context = cairo.Context(surface)
    context.select_font_face("DejaVu Sans")
    context.set_font_size(16)
    for line, text in enumerate(["Receipt 20-771", "Größe: 12,5 cm", "Счёт 42"]):
        context.move_to(30, 50 + 40 * line)
        context.show_text(text)
    surface.finish()


def cairo_sizes():
    surface = cairo.PDFSurface(out, 200, 100)
    context = cairo.Context(surface)
    for width, height in [(200, 100), (100, 300), (595, 842)]:
        surface.set_size(width, height)
        context.move_to(10, 50)
        context.show_text(f"Page {width} by {height}")
        context.show_page()
    surface.finish()


def cairo_outlines():
    surface = cairo.PDFSurface(out, 200, 100)
    context = cairo.Context(surface)
    context.set_font_size(20)
    context.move_to(20, 60)
    context.text_path("Only outlines")
    context.fill()
    surface.finish()


# ReportLab


def table(title, rows, notes=()):
    styles = getSampleStyleSheet()
    grid = Table(rows)
    grid.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, "black")]))
    parts = [Paragraph(title, styles["Title"]), grid]
    parts += [Paragraph(note, styles["Normal"]) for note in notes]
    SimpleDocTemplate(out, pagesize=A4).build(parts)


def rl_table():
    table("Stock 2026", [["Article", "Stock", "Price"], ["M8 bolt", "1,200", "0.12"],
                         ["Rod", "35", "148.00"]])


def rl_invoice():
    table("Invoice 2026-1044",
          [["Position", "Qty", "Unit price", "Total"], ["Oak desk", "2", "$1,249.00", "$2,498.00"],
           ["Delivery", "1", "$85.50", "$85.50"], ["Credit note", "1", "($100.00)", "($100.00)"]],
          ["Issued March 12, 2026, payable within 30 days", "Grand total: $2,483.50",
           "Bill to: O'Neil &amp; Sons, 42 Harbour Road"])


def rl_delivery():
    table("Lieferschein LS-4711",
          [["Artikel", "Menge", "Gewicht"], ["Stahlträger", "12", "1.480,50 kg"],
           ["Schrauben", "5.000", "37,25 kg"]],
          ["Datum: 28.04.2026, Fahrer: Jürgen Groß", "Gesamtgewicht 1.517,75 kg"])


def form(canvas):
    canvas.drawString(40, 260, "Registration")
    fields = canvas.acroForm
    canvas.drawString(40, 215, "Name")
    fields.textfield(name="name", value="Ada Quill", x=100, y=205, width=180, height=24)
    canvas.drawString(40, 175, "City")
    fields.textfield(name="city", value="Zurich", x=100, y=165, width=180, height=24)
    canvas.drawString(40, 135, "Agreed")
    fields.checkbox(name="agree", checked=True, x=100, y=130, buttonStyle="check")
    fields.choice(name="size", value="Large", options=["Small", "Large"], x=100, y=90, width=100,
                  height=20)
    fields.radio(name="pay", value="card", selected=True, x=100, y=60, size=14)
    fields.radio(name="pay", value="cash", selected=False, x=140, y=60, size=14)


def rl_form():
    canvas = Canvas(out, pagesize=(320, 300))
    form(canvas)
    canvas.save()


def rl_fonts():
    canvas = Canvas(out, pagesize=(300, 260))
    names = ["Helvetica", "Times-Roman", "Courier", "Helvetica-Bold", "Times-BoldItalic"]
    for line, font in enumerate(names):
        canvas.setFont(font, 14)
        canvas.drawString(20, 220 - 40 * line, f"{font} 12.50 café")
    canvas.save()


def rl_rotated():
    canvas = Canvas(out, pagesize=(300, 300))
    for turn in (0, 90, 180, 270):
        canvas.saveState()
        canvas.translate(150, 150)
        canvas.rotate(turn)
        canvas.drawString(30, 0, f"turned {turn}")
        canvas.restoreState()
    canvas.save()


def rl_encrypted(user):
    from reportlab.lib.pdfencrypt import StandardEncryption

    canvas = Canvas(out, pagesize=(300, 100), encrypt=StandardEncryption(user, "owner", canPrint=0))
    canvas.drawString(20, 50, "Confidential 7781")
    canvas.save()


def rl_encrypted_open():
    rl_encrypted("")


def rl_encrypted_password():
    rl_encrypted("secret")


def rl_cjk():
    for font in ("HeiseiMin-W3", "STSong-Light"):
        pdfmetrics.registerFont(UnicodeCIDFont(font))
    canvas = Canvas(out, pagesize=(300, 120))
    canvas.setFont("HeiseiMin-W3", 16)
    canvas.drawString(20, 80, "請求書 2024年3月12日")
    canvas.setFont("STSong-Light", 16)
    canvas.drawString(20, 40, "发票 合计 128.50")
    canvas.save()


def rl_invisible():
    canvas = Canvas(out, pagesize=(300, 120))
    text = canvas.beginText(20, 60)
    text.setTextRenderMode(3)
    text.textOut("Recognised words 4711")
    canvas.drawText(text)
    canvas.rect(18, 55, 130, 18)
    canvas.save()


# pikepdf: one feature of the format in each

FONT = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica,
                  Encoding=Name.WinAnsiEncoding)


def document(content, box=(0, 0, 300, 200), fonts=None, **entries):
    pdf = pikepdf.new()
    if isinstance(content, str):
        content = content.encode("latin1")
    pdf.add_blank_page(page_size=(10, 10))
    page = pdf.pages[0]
    page.MediaBox = Array(list(box))
    page.Resources = Dictionary(Font=Dictionary(fonts or {"/F": pdf.make_indirect(FONT)}))
    page.Contents = pdf.make_stream(content)
    for name, value in entries.items():
        page.obj["/" + name] = value
    return pdf, page.obj


def line(text, x=30, y=100, size=14, font="F"):
    escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /{font} {size} Tf {x} {y} Td ({escaped}) Tj ET\n"


def annotate(pdf, page, **entries):
    annotation = pdf.make_indirect(Dictionary(Type=Name.Annot, **entries))
    if "/Annots" not in page:
        page.Annots = Array()
    page.Annots.append(annotation)
    return annotation


def appearance(pdf, width, height, content):
    stream = pdf.make_stream(content.encode("latin1"))
    stream.Type, stream.Subtype = Name.XObject, Name.Form
    stream.BBox = Array([0, 0, width, height])
    stream.Resources = Dictionary(Font=Dictionary(F=FONT))
    return Dictionary(N=stream)


def pk_crop():
    pdf, _ = document(line("INSIDE the crop") + line("OUTSIDE above", y=180),
                      CropBox=Array([20, 60, 280, 150]))
    pdf.save(out)


def pk_crop_outside():
    pdf, _ = document(line("Still shown"), CropBox=Array([1000, 1000, 1200, 1200]))
    pdf.save(out)


def pk_rotate_90():
    pdf, _ = document(line("Turned page 12.75") + "10 10 100 5 re f\n", Rotate=90)
    pdf.save(out)


def pk_rotate_270():
    pdf, _ = document(line("Turned and cropped"), Rotate=270, CropBox=Array([20, 50, 250, 150]))
    pdf.save(out)


def pk_user_unit():
    pdf, _ = document(line("Twice as large"), UserUnit=2.0)
    pdf.save(out, min_version="1.6")


def layers(off):
    pdf, page = document("/OC /L1 BDC\n" + line("Layer text", y=140) + "EMC\n" + line("Base text"))
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Notes")))
    page.Resources.Properties = Dictionary(L1=layer)
    pdf.Root.OCProperties = Dictionary(
        OCGs=Array([layer]), D=Dictionary(ON=Array([] if off else [layer]),
                                          OFF=Array([layer] if off else [])))
    pdf.save(out)


def pk_layer_off():
    layers(True)


def pk_layer_on():
    layers(False)


def pk_free_text():
    pdf, page = document(line("Printed line", y=150))
    annotate(pdf, page, Subtype=Name.FreeText, Rect=Array([30, 40, 250, 70]), F=4,
             Contents=String("Typed note 99.50"), DA=String("/F 12 Tf 0 g"),
             AP=appearance(pdf, 220, 30, "BT /F 12 Tf 5 10 Td (Typed note 99.50) Tj ET"))
    pdf.save(out)


def pk_hidden_note():
    pdf, page = document(line("Visible line", y=150))
    annotate(pdf, page, Subtype=Name.FreeText, Rect=Array([30, 40, 250, 70]), F=2,
             Contents=String("Hidden note"), DA=String("/F 12 Tf 0 g"),
             AP=appearance(pdf, 220, 30, "BT /F 12 Tf 5 10 Td (Hidden note) Tj ET"))
    annotate(pdf, page, Subtype=Name.Text, Rect=Array([260, 160, 280, 180]), F=4,
             Contents=String("A comment in a bubble"))
    annotate(pdf, page, Subtype=Name.Popup, Rect=Array([100, 100, 200, 150]), Open=False)
    pdf.save(out)


def pk_stamp():
    pdf, page = document(line("Order 12", y=150))
    annotate(pdf, page, Subtype=Name.Stamp, Rect=Array([100, 40, 260, 80]), F=4,
             Contents=String("reviewed by A. Q."),
             AP=appearance(pdf, 160, 40,
                           "0.8 0 0 rg BT /F 20 Tf 10 12 Td (APPROVED) Tj ET 1 0 0 RG 2 w "
                           "1 1 158 38 re S"))
    pdf.save(out)


def pk_highlight():
    pdf, page = document(line("Marked words here"))
    annotate(pdf, page, Subtype=Name.Highlight, Rect=Array([28, 95, 150, 115]), F=4,
             QuadPoints=Array([28, 115, 150, 115, 28, 95, 150, 95]), C=Array([1, 1, 0]),
             Contents=String("Comment not on the page"))
    pdf.save(out)


def fields(pdf, page, annotations, **entries):
    pdf.Root.AcroForm = Dictionary(
        Fields=Array(annotations), DA=String("/F 12 Tf 0 g"),
        DR=Dictionary(Font=Dictionary(F=page.Resources.Font.F)), **entries)


def pk_need_appearances():
    pdf, page = document(line("Name:", y=150))
    field = annotate(pdf, page, Subtype=Name.Widget, FT=Name.Tx, T=String("name"),
                     V=String("Grace Hopper"), Rect=Array([100, 140, 250, 164]), F=4,
                     DA=String("/F 12 Tf 0 g"))
    fields(pdf, page, [field], NeedAppearances=True)
    pdf.save(out)


def pk_checkbox():
    pdf, page = document(line("Yes", x=60, y=150) + line("No", x=60, y=110))
    made = []
    for y, state in ((146, Name.Yes), (106, Name.Off)):
        on = appearance(pdf, 16, 16, "1 1 14 14 re S 2 w 3 3 m 13 13 l S 3 13 m 13 3 l S").N
        off = appearance(pdf, 16, 16, "1 1 14 14 re S").N
        made.append(annotate(pdf, page, Subtype=Name.Widget, FT=Name.Btn, T=String(f"box{y}"),
                             Rect=Array([30, y, 46, y + 16]), F=4, V=state, AS=state,
                             AP=Dictionary(N=Dictionary(Yes=on, Off=off))))
    fields(pdf, page, made)
    pdf.save(out)


def pk_choice():
    pdf, page = document(line("Country:", y=150))
    field = annotate(pdf, page, Subtype=Name.Widget, FT=Name.Ch, Ff=131072, T=String("country"),
                     V=String("Norway"), Opt=Array([String("Sweden"), String("Norway")]),
                     Rect=Array([100, 140, 250, 164]), F=4, DA=String("/F 12 Tf 0 g"),
                     AP=appearance(pdf, 150, 24, "/Tx BMC BT /F 12 Tf 4 8 Td (Norway) Tj ET EMC"))
    fields(pdf, page, [field])
    pdf.save(out)


def pk_multiline():
    pdf, page = document(line("Remarks:", y=180))
    content = "/Tx BMC BT /F 12 Tf 4 60 Td (First line of) Tj 0 -14 Td (remarks 17.5) Tj ET EMC"
    field = annotate(pdf, page, Subtype=Name.Widget, FT=Name.Tx, Ff=4096, T=String("remarks"),
                     V=String("First line of\nremarks 17.5"), Rect=Array([30, 80, 250, 160]), F=4,
                     DA=String("/F 12 Tf 0 g"), AP=appearance(pdf, 220, 80, content))
    fields(pdf, page, [field])
    pdf.save(out)


def pk_password_field():
    pdf, page = document(line("Password:", y=150))
    field = annotate(pdf, page, Subtype=Name.Widget, FT=Name.Tx, Ff=8192, T=String("password"),
                     V=String("hunter2"), Rect=Array([120, 140, 250, 164]), F=4,
                     DA=String("/F 12 Tf 0 g"),
                     AP=appearance(pdf, 130, 24, "/Tx BMC BT /F 12 Tf 4 8 Td (*******) Tj ET EMC"))
    fields(pdf, page, [field])
    pdf.save(out)


def pk_signature():
    pdf, page = document(line("Signed below", y=150))
    content = "BT /F 10 Tf 4 24 Td (Digitally signed by) Tj 0 -14 Td (Ada Quill 2026-05-04) Tj ET"
    field = annotate(pdf, page, Subtype=Name.Widget, FT=Name.Sig, T=String("signature"),
                     Rect=Array([60, 60, 240, 100]), F=132, AP=appearance(pdf, 180, 40, content))
    fields(pdf, page, [field], SigFlags=3)
    pdf.save(out)


def pk_attachment():
    pdf, _ = document(line("See attachment"))
    pdf.attachments["data.txt"] = pikepdf.AttachedFileSpec(
        pdf, b"attached words", filename="data.txt", mime_type="text/plain")
    pdf.save(out)


def pk_soft_hyphen():
    pdf, _ = document(line("inter\u00adnational co\u00adoperation") + line("well-", y=70)
                      + line("known habit", y=54))
    pdf.save(out)


def unicode_font(pdf, codes):
    lines = "\n".join(f"<{code:02x}> <{text.encode('utf-16-be').hex()}>"
                      for code, text in codes.items())
    cmap = ("/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /A def "
            "/CMapType 2 def 1 begincodespacerange <00> <ff> endcodespacerange "
            f"{len(codes)} beginbfchar\n{lines}\nendbfchar endcmap end end")
    return pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1,
                                        BaseFont=Name.Helvetica,
                                        ToUnicode=pdf.make_stream(cmap.encode())))


def pk_zero_width():
    pdf, page = document(line("invoice number and total", y=100))
    codes = {code: chr(code) for code in range(33, 127)}
    codes[ord("v")] = "v\u200b"
    page.Resources.Font.F = unicode_font(pdf, codes)
    pdf.save(out)


def encoded(base, names, text):
    font = Dictionary(Type=Name.Font, Subtype=Name.TrueType, BaseFont=Name("/" + base),
                      FirstChar=65, LastChar=64 + len(names),
                      Widths=Array([600] * len(names)),
                      FontDescriptor=Dictionary(
                          Type=Name.FontDescriptor, FontName=Name("/" + base), Flags=32,
                          FontBBox=Array([-100, -200, 1000, 900]), ItalicAngle=0, Ascent=900,
                          Descent=-200, CapHeight=700, StemV=80),
                      Encoding=Dictionary(Type=Name.Encoding, BaseEncoding=Name.WinAnsiEncoding,
                                          Differences=Array([65] + [Name("/" + n) for n in names])))
    pdf, page = document(line(text, size=18))
    page.Resources.Font.F = pdf.make_indirect(font)
    pdf.save(out)


def pk_cyrillic():
    names = ["afii10026", "afii10034", "afii10035", "afii10019", "afii10070", "afii10086"]
    encoded("Arial", names, "ABCDEF")


def pk_greek():
    encoded("TimesNewRoman", ["Alpha", "Beta", "Gamma", "Delta", "omega"], "ABCDE")


def pk_symbols():
    pdf, page = document(line("abc", font="S", y=150) + line("4 l n", font="Z") + line("Text", y=50))
    page.Resources.Font.S = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Symbol)
    page.Resources.Font.Z = Dictionary(Type=Name.Font, Subtype=Name.Type1,
                                       BaseFont=Name.ZapfDingbats)
    pdf.save(out)


def pk_white_text():
    pdf, _ = document("1 g\n" + line("White on white", y=150) + "0 g\n" + line("Black text"))
    pdf.save(out)


def pk_covered():
    pdf, _ = document(line("Blackened secret", y=150) + "0 g 20 140 200 30 re f\n" + line("Open"))
    pdf.save(out)


def pk_clipped():
    pdf, _ = document("q 0 0 300 120 re W n\n" + line("Clipped away", y=150) + line("Kept") + "Q\n")
    pdf.save(out)


def pk_actual_text():
    mark = "/Span <</ActualText (total)>> BDC\n"
    pdf, _ = document(mark + line("tot", x=30) + line("al", x=50) + "EMC\n" + line("12.50", x=120))
    pdf.save(out)


def pk_spaced():
    content = "BT /F 14 Tf 5 Tc 30 100 Td (WIDE) Tj ET\n"
    content += "BT /F 14 Tf 30 60 Td [(2) -20 (5) 10 (0.0) -15 (0)] TJ ET\n"
    pdf, _ = document(content)
    pdf.save(out)


def pk_fake_bold():
    pdf, _ = document(line("Total 41.30") + line("Total 41.30", x=30.3))
    pdf.save(out)


def pk_superscripts():
    content = line("1,250", y=150) + line("1", x=66, y=156, size=8)
    content += line("3,480", y=110) + line("2", x=66, y=116, size=8)
    content += line("10", y=70) + line("3", x=46, y=76, size=8) + line("litres", x=56, y=70)
    pdf, _ = document(content)
    pdf.save(out)


def pk_numbers():
    texts = ["-100.00", "(100.00)", "2024-5-12", "1,23,456.00", "(1,234.50)", "1,234.50-",
             "March 12, 2024", "12.03.24", "EUR4188.30", "640mm x 38mm", "148kg", "B2207",
             "72\u00a0345,67"]
    content = "".join(line(text, y=330 - 24 * at) for at, text in enumerate(texts))
    pdf, _ = document(content, box=(0, 0, 300, 360))
    pdf.save(out)


def pk_negative_box():
    pdf, _ = document(line("Left of zero", x=-120, y=-20), box=(-150, -100, 150, 100))
    pdf.save(out)


def pk_swapped_box():
    pdf, _ = document(line("Corners swapped"), box=(300, 200, 0, 0))
    pdf.save(out)


def pk_inherited():
    pdf, page = document(line("Inherited size"), box=(0, 0, 250, 150))
    pages = pdf.Root.Pages
    pages.MediaBox, pages.Resources = page.MediaBox, page.Resources
    del page["/MediaBox"]
    del page["/Resources"]
    pdf.save(out)


def pk_empty_page():
    pdf, _ = document("")
    pdf.save(out)


def pk_broken_page():
    pdf, _ = document(line("First page"))
    pdf.add_blank_page(page_size=(300, 200))
    if "/Contents" in pdf.pages[1].obj:
        del pdf.pages[1].obj["/Contents"]
    pdf.save(out)


def pk_scan_stamp():
    scan = Image.new("L", (600, 400), 255)
    draw = ImageDraw.Draw(scan)
    for row in range(12):
        draw.text((40, 30 + row * 28), f"Scanned row {row} value {row * 17}.50", fill=0)
    data = io.BytesIO()
    scan.save(data, "JPEG", quality=60)
    pdf, page = document("q 300 0 0 200 0 0 cm /I Do Q\n" + line("RECEIVED 2026", x=180, y=10, size=8))
    image = Stream(pdf, data.getvalue(), Type=Name.XObject, Subtype=Name.Image, Width=600,
                   Height=400, ColorSpace=Name.DeviceGray, BitsPerComponent=8,
                   Filter=Name.DCTDecode)
    page.Resources.XObject = Dictionary(I=pdf.make_indirect(image))
    pdf.save(out)


# PyPDF


def pp_merged():
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    for size, text in [((300, 200), "Part one"), ((200, 300), "Part two")]:
        data = io.BytesIO()
        canvas = Canvas(data, pagesize=size)
        canvas.drawString(30, 100, text)
        canvas.save()
        data.seek(0)
        writer.add_page(PdfReader(data).pages[0])
    writer.pages[1].rotate(90)
    with open(out, "wb") as file:
        writer.write(file)


def pp_filled():
    from pypdf import PdfReader, PdfWriter

    data = io.BytesIO()
    canvas = Canvas(data, pagesize=(320, 300))
    form(canvas)
    canvas.save()
    data.seek(0)
    writer = PdfWriter()
    writer.append_pages_from_reader(PdfReader(data))
    reader = PdfReader(data)
    writer._root_object.update({pikepdf_name("/AcroForm"): reader.trailer["/Root"]["/AcroForm"]})
    writer.update_page_form_field_values(writer.pages[0], {"name": "Lise Meitner", "city": "Wien"})
    with open(out, "wb") as file:
        writer.write(file)


def pikepdf_name(text):
    from pypdf.generic import NameObject

    return NameObject(text)


globals()[sys.argv[2]]()
