/** The composition root. */
package io.akkord.deploy;
