# The annex: it stands on proto alone.
keyfob_room(client clients/c LINK proto_wire)
