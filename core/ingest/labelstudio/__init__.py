"""Parts of the reader of Label Studio tasks: results of one answer, answers of several annotators, files of audio."""
