/**
 * The dashboard's server: one port, loopback unless told otherwise, JSON, server-sent events,
 * Prometheus text and the page itself. Reads the read model and nothing else.
 */
package io.akkord.actors.dashboard.http;
