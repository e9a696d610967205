"""The edge agent: modules named as the code is, under real folders and storage."""
