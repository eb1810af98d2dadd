"""What several dictionaries share: arrangements of samples and their pencils."""
