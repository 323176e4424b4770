"""The process that reads OPC UA servers: the only one that loads the library, a thin room over drivers and link."""
