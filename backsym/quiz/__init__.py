"""Multiple choice of derivatives: right forms, plausible slips that are proved wrong, and the files of quiz programs."""
