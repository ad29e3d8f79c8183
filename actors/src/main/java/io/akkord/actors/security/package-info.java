/** Who may talk to the cluster: certificates, TLS and the token of the command line. */
package io.akkord.actors.security;
