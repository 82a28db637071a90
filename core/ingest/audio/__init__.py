"""Reader of folders of audio, with what file names and files beside them say."""
