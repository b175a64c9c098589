"""The report as one page of HTML that fetches nothing: a rendering of `RunReport` and `ScanReport` alone."""
