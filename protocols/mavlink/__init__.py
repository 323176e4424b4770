"""One aircraft's MAVLink through mavsdk: link, stamped state, commands. Imports mavsdk only where it is used."""
