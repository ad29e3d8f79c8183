/** Akkord. */
package io.akkord.deploy;
