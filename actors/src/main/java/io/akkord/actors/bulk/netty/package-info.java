/** The bulk lane between processes: Unix domain sockets on one host, TCP between hosts. */
package io.akkord.actors.bulk.netty;
