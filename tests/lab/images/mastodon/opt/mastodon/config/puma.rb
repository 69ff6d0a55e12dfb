# Stand-in: the program reads BIND, PORT, SOCKET and WEB_CONCURRENCY itself.
