// Stand-in: the program is /opt/standin/streaming.py.
