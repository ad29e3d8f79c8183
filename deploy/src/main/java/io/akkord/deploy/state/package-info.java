/**
 * A run's state on a terminal: the dashboard's own answers as tables, JSON and YAML; logs; a trace.
 */
package io.akkord.deploy.state;
