/** What the documents say is what the code does. */
package dev.vtxray.docs;
