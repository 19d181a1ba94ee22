"""One module a command of the keras-stylegan program."""
