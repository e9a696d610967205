"""Every way out, over real sockets: what each promises, and what is its own."""
