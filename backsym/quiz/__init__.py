"""Multiple choice of derivatives: right forms, slips that are proved wrong, and the files of quiz programs."""
