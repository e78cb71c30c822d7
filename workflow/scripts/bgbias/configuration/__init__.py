"""What a study is: its configuration, checked and spelt out into runs."""
