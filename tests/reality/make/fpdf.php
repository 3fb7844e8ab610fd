<?php
require '/usr/share/php/fpdf/fpdf.php';
$pdf = new FPDF();
$pdf->AddPage();
$pdf->SetFont('Courier', 'B', 14);
$pdf->Cell(0, 10, 'Parking ticket 0042', 0, 1);
$pdf->SetFont('Times', 'I', 12);
$pdf->Cell(0, 10, 'Paid 6.50 at 14:35 on 2026-07-01', 0, 1);
$pdf->AddPage('L');
$pdf->Cell(0, 10, 'Second page, landscape', 0, 1);
$pdf->Output('F', $argv[1]);
