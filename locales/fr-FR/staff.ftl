# Ce que lit l’équipe : bref et exact, ce qui se passe et comment en sortir.

safety-line = Stillroom est un système de confort. Il complète l’appel malade et la surveillance de la salle, et ne les remplace jamais. Ce n’est pas un dispositif médical.

## Première fois

first-run-title = Préparez cette salle
first-run-step = Étape { $step } sur { $of }
first-run-needs = Cela prend environ cinq minutes. Ayez sous la main une carte bancaire et, s’il y en a un, un sonomètre.
first-run-room-title = Nom de la salle
first-run-room-hint = Tel que le poste le montre, 40 caractères au plus. Jamais le nom d’un patient.
first-run-pin-title = Choisissez un code pour l’équipe
first-run-pin-rules = De 4 à 12 chiffres. Évitez les dates, les répétitions et les suites comme 123456.
first-run-pin-again = Entrez le code encore une fois
first-run-pin-mismatch = Les deux codes diffèrent. Entrez les deux à nouveau.
first-run-screen-title = Taille de l’écran
first-run-screen-lay = Posez une carte bancaire sur le contour.
first-run-screen-match = Touchez − ou + jusqu’à ce que les deux aient la même taille.
first-run-screen-size = { $inches } pouces, d’un coin à l’autre
first-run-screen-card = Une carte bancaire tient ici
first-run-screen-too-small = Trop petit : il faut au moins { $inches } pouces. Prenez un autre écran, ou touchez − si votre carte est plus petite que le contour.
first-run-meter-title = Le niveau à l’oreiller
first-run-meter-lay = Posez un sonomètre là où repose la tête du patient, en dB(A), lent.
first-run-meter-play = Lancez le son d’essai. Il dure 20 secondes.
first-run-meter-set = Indiquez ce qu’il lit. Les niveaux s’affichent alors tels qu’on les entend ici.
first-run-meter-tone = Lancer le son d’essai
first-run-meter-unread = Pas encore lu
first-run-no-meter = Pas de sonomètre
first-run-cap-title = Niveau le plus fort
first-run-cap-play = Lancez le son d’essai.
first-run-cap-listen = Écoutez là où repose la tête du patient.
first-run-cap-set = Fixez le niveau le plus fort que vous voudriez y entendre. La salle ne jouera jamais plus fort.
first-run-cap-db = { $db } dB
first-run-cap-dba = { $db } dB, environ { $dba } dB(A) à la tête du patient
first-run-test-tone = Lancer le son d’essai
first-run-finish = Terminer
first-run-not-saved = Non enregistré : { $why }

## L’entrée

staff-door = Équipe : maintenir ici
staff-pin-title = Code de l’équipe
staff-pin-wrong = Code incorrect
staff-pin-locked = Bloqué. Réessayez dans { $seconds } s.
staff-pin-unchecked = Le code n’a pas pu être vérifié. Réessayez.
staff-pin-forgotten = Code oublié ? Fixez-en un autre sur la console de cette machine : stillroom staff set-pin
staff-close = Fermer
staff-pin-delete = Effacer
staff-pin-enter = Valider

## La visite

staff-settle = Attendre la pompe
staff-infusion-starts = La perfusion commence
staff-pause = Pause
staff-resume = Reprendre
staff-paused = En pause
staff-extend = Prolonger de { $minutes } min
staff-end = Terminer la séance
staff-end-confirm = Terminer maintenant ? La musique et la lumière se posent dans les prochaines minutes.
staff-talk-now = Baisser pour parler
staff-here = Équipe : glisser en arrivant
staff-clear = Équipe : glisser pour clore
staff-reset-hold = Maintenir pour réinitialiser
staff-accept-output = Autoriser le son ici
staff-reset-call-open = Un appel est ouvert. Fermez-le avant de réinitialiser.
staff-after = Aller à Après
staff-farewell = Aller à Départ
staff-volume = Son { $step }/{ $of }, { $db } dB
staff-volume-dba = Son { $step }/{ $of }, { $dba } dB(A)
staff-dba = { $dba } dB(A)
staff-clock = { $minutes } sur { $infusion } min de perfusion, { $of } en tout
staff-clock-before = { $infusion } min de perfusion, { $of } en tout
staff-clock-after = { $minutes } sur { $of } min en tout
staff-line-up = { $desks ->
    [one] { $desks } poste à l’écoute
   *[other] { $desks } postes à l’écoute
}
staff-no-desk-ready = Aucun poste à l’écoute. Ouvrez la page du poste et activez le son.
staff-tone-unheard = Au dernier changement, personne n’a entendu le son d’essai : cette salle est peut-être muette. Vérifiez le haut-parleur.
staff-line-ask = Aucun poste à l’écoute : un appel n’arriverait à personne. Commencer quand même ?
staff-begin-anyway = Commencer quand même
staff-cancel = Annuler
staff-more = Plus
staff-back = Retour
staff-begin = Lancer { $minutes } min
staff-begin-other = { $minutes } min
staff-in-all = { $of } en tout
staff-profile-line = { $minutes } min · { $place }
staff-profiles-more = Suite { $page }/{ $pages }
staff-keep = Garder { $place }
staff-calm = Apaiser
staff-silence = Silence
staff-place = Lieu
staff-light-planned = Lumière prévue
staff-light = Lumière { $trim } %
staff-reset-note = Réinitialiser efface tout ce que ce patient a laissé ici.
staff-warnings = { $count ->
    [one] { $count } alerte
   *[other] { $count } alertes
}
staff-exit = Quitter le kiosque

## Problèmes

staff-troubles-more = { $count } de plus, que le poste montre
trouble-journal-failing = Le registre ne peut pas être écrit. Les appels partent quand même, mais un appel ne survivrait pas à un redémarrage. Vérifiez le disque.
trouble-journal-damaged = Une partie du registre n’a pas pu être lue. Cette visite n’en est peut-être plus au même point : passez voir et corrigez.
trouble-call-may-be-lost = Un appel s’est peut-être perdu ; la salle a donc appelé d’elle-même. Allez voir, puis fermez l’appel ici.
trouble-record-set-aside = Quelque chose dans cette visite arrêtait le programme sans cesse, et a été laissé de côté. Passez voir. Réinitialiser la salle y met fin.
trouble-state-unwritable = Le dossier d’état ne peut pas être écrit. Rien ne survit à un redémarrage. Vérifiez le disque et ses droits.
trouble-sound-lost = Aucune sortie de son. Le son revient de lui-même dès qu’on en branche une.
trouble-output-not-calibrated = Le son sortirait là où cette salle n’a pas été mesurée. Tout le son est coupé. Rebranchez la bonne sortie, ou autorisez celle-ci.
trouble-output-unmeasured = Le son sort là où cette salle n’a pas été mesurée, il reste donc très bas. Rebranchez la bonne sortie.
trouble-chime-lost = La sonnerie du couloir n’a pas de sortie. Un appel qui n’arrive à aucun poste ne s’entendrait que dans cette salle.
trouble-tracks-gone = Aucune musique du profil ne peut être jouée. Lancez : stillroom check
trouble-keys-in-memory-only = Aucun dossier en mémoire pour les clés. Si le programme redémarre, la note du patient est perdue.
trouble-notes-not-sealed = La note n’a pas pu être scellée sur le disque. Si le programme redémarre, elle est perdue.
trouble-notes-lost = La note de cette visite est perdue avec sa clé. Dites-le au patient.
trouble-files-wrong = Un fichier des réglages ou d’un profil est faux. Lancez : stillroom check
trouble-state-restored = Un petit fichier de cette salle était abîmé. Sa dernière bonne copie est utilisée, rien n’est perdu. Le journal du programme le nomme : faites examiner le disque.
trouble-setup-lost = Ce que la première mise en route avait fixé est abîmé, et sa copie aussi. Le son reste au plus bas. Le journal du programme dit quoi faire.
trouble-staff-pin-lost = Le code de l’équipe est abîmé, et sa copie aussi. Aucun code n’est accepté. Lancez : stillroom staff set-pin
trouble-desk-password-lost = Le mot de passe du poste est abîmé, et sa copie aussi. Le poste ne laisse entrer personne. Lancez : stillroom desk set-password. Puis redémarrez.
trouble-desk-closed = La page du poste n’a pas pu s’ouvrir. Vérifiez qu’aucun autre programme n’utilise son port.
trouble-line-down = Le serveur de messages est injoignable : le poste de plusieurs salles n’entend pas celle-ci. Les essais continuent. Vérifiez le réseau.
trouble-room-name-taken = Une autre salle porte le même nom sur le serveur de messages. Donnez à chacune le sien : line.mqtt.room dans kiosk.toml.
trouble-not-shown-at-desk = Un poste de plusieurs salles n’a pas de place pour celle-ci : ses appels n’y apparaissent pas. Reliez la salle à un serveur qui a son propre poste.
trouble-line-fought-over = Un autre appareil entre sur le serveur de messages sous le nom de cette salle et l’en chasse : les appels peuvent tarder. Donnez à chaque tablette son propre utilisateur.
trouble-escalation-failed = Un appel n’a pas pu être transmis par la liste d’alerte. Allez voir. Puis vérifiez les adresses de la liste.
trouble-contact-failed = Le contact avec votre appel malade ne répond pas. Les essais continuent. Vérifiez son câble et son programme.
trouble-part-failed = Une partie de ce programme est tombée en panne et a été relancée. Si quelque chose ne répond pas ici, redémarrez la tablette.
trouble-screen-still = L’écran de la tablette s’est figé. Regardez-le. S’il ne bouge pas, redémarrez la tablette.
trouble-notes-damaged = Une partie de la note était abîmée et n’a pas pu être ouverte. Le reste est là. Dites-le au patient.
trouble-receipts-broken = La liste des reçus d’effacement a été modifiée, ou il en manque un. Lancez : stillroom receipts
trouble-room-left = Personne n’a touché cette salle depuis 30 minutes. Passez voir. Réinitialisez-la quand le patient sera parti.
trouble-wipe-unverified = Le dernier effacement n’a pas pu être vérifié. Réinitialisez encore avant le prochain patient.

## Parties et étapes

part-settle = Installation
part-onset = Montée
part-peak = Sommet
part-return = Retour
part-landing = Atterrissage
stage-ready = Prête
stage-arrive = Arrivée
stage-session = Séance
stage-after = Après
stage-farewell = Départ
stage-turnover = Changement
stage-blocked = Bloquée

## Le changement de patient

turnover-wiping = Effacement
turnover-receipt = Reçu { $number }
turnover-proof = Effacé et contrôlé à { $at } · reçu { $number }
turnover-checks = Ce qui a été contrôlé
check-no-visit-key = La clé de ce qui a été écrit ici est détruite
check-no-sealed-notes = Il ne reste ni note ni dessin
check-all-looked-through = Chaque fichier a été regardé
check-only-expected-files = Il ne reste aucun fichier étranger à la salle
check-journal-compacted = Le registre de la salle ne garde rien de la visite
check-fresh-process = Le programme est reparti, avec une mémoire vide
check-desk-forgot = Le poste ne montre rien du patient
check-nothing-under-way = Rien n’attend à l’imprimante, dans un dossier ni sur une clé USB
check-receipt-kept = Ce reçu est gardé
turnover-surface = Nettoyer
turnover-surface-done = Écran nettoyé
turnover-speaker = Personne n’a entendu le son : cette salle est peut-être muette
turnover-speaker-heard = Oui, je l’ai entendu
turnover-speaker-unheard = Non
turnover-speaker-again = Rejouer
turnover-speaker-done = Vous avez entendu le son
turnover-call-test = Aucun poste n’a reçu l’appel d’essai
turnover-call-soon = L’appel d’essai part dès qu’un poste est à l’écoute.
turnover-call-waiting = Appel d’essai envoyé. Un poste doit encore le montrer.
turnover-call-ok = Un poste a reçu l’appel d’essai.
turnover-call-no-desk = Aucun poste n’a reçu l’appel d’essai. Ouvrez la page du poste et activez le son.
turnover-wiping-note = L’écran ne répond pas pendant un instant. Restez dans la salle.
turnover-closing = Ici, il ne reste rien du dernier patient.
turnover-clean-title = Prenez un chiffon
turnover-clean = L’écran se bloque tout seul pour que vous puissiez le nettoyer. Pendant ce temps, la salle se teste seule.
turnover-skip = Ne pas nettoyer
turnover-locked-title = Nettoyez l’écran
turnover-locked = L’écran est bloqué. Il se débloque tout seul. L’appel marche toujours.
turnover-tone-soon = Écoutez : un son d’essai va venir.
turnover-tone-played = Le son d’essai a été joué. La question viendra après.
turnover-speaker-question = Avez-vous entendu le son ?
turnover-heard-ready = Oui : la salle est prête
turnover-tone-title = Si vous n’avez rien entendu
turnover-tone-power = Regardez le haut-parleur : branché, allumé, pas baissé.
turnover-tone-output = Le son sort par « { $output } ». Est-ce bien ce haut-parleur ?
turnover-tone-default-output = Le son sort par la tablette elle-même. Ce haut-parleur y est-il branché ?
turnover-tone-still = Rejouez le son. S’il reste muet, gardez la salle fermée et prévenez la personne qui s’occupe de cette machine.
turnover-without-tone = Continuer sans
turnover-call-again = Réessayer
turnover-not-cleaned = L’écran n’a pas été nettoyé
turnover-ready = La salle est prête
turnover-open = Reste à faire
turnover-ready-anyway = Prête quand même
turnover-back = Retour
blocked-title = Cette salle ne reçoit pas de patient
blocked-text = L’effacement n’a pas pu être vérifié. La liste des contrôles dit pourquoi. Réinitialisez encore. Si cela échoue à nouveau, gardez la salle fermée et prévenez la personne qui s’occupe de cette machine.
blocked-again = Maintenir pour réinitialiser
