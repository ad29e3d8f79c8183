/** Processes of a cluster on this machine: started, watched, ended. */
package io.akkord.deploy.cluster;
