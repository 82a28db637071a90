"""Sound that libsndfile cannot read (M4A, 3GP, AMR, WebM, damaged files), decoded by PyAV in a child process.

FFmpeg is a large decoder of hostile bytes. So it runs in processes of its own, which get an open file and give samples;
a limit of memory and of time ends them, and they end when this process ends. `sound.ForeignSound` is what callers use.
"""
